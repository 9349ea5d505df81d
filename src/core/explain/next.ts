/** What will happen to a pool, and when, unless something else happens before. */
import type { Due } from "../pool-view.ts";
import type { NextEvent } from "./explanation.ts";
import { type Facts, momentOf } from "./facts.ts";

const NEXT: Readonly<
  Record<
    Due["what"],
    {
      readonly code: string;
      readonly mayChangeHead: boolean | "in-outage";
      readonly text: (server: string) => string;
    }
  >
> = {
  rebalance: { code: "rebalance", mayChangeHead: true, text: () => "rebalance" },
  "penalty-ends": {
    code: "penalty-ends",
    mayChangeHead: false,
    text: (server) => `${server} may be chosen again`,
  },
  "failback-earliest": {
    code: "failback-earliest",
    mayChangeHead: true,
    text: () => "the list may go back to a primary",
  },
  heartbeat: { code: "heartbeat-due", mayChangeHead: false, text: () => "a heartbeat is asked for" },
  "contact-lost": {
    code: "contact-lost-at",
    mayChangeHead: false,
    text: () => "contact is lost without a heartbeat",
  },
  "empty-hold-ends": {
    code: "empty-hold-ends",
    mayChangeHead: true,
    text: () => "Consul's empty list counts, if it still is",
  },
  reconnect: {
    code: "reconnect",
    mayChangeHead: "in-outage",
    text: (server) => `a connection to ${server} is opened`,
  },
  "outage-probe": { code: "outage-probe", mayChangeHead: true, text: (server) => `${server} is asked` },
  "state-expires": {
    code: "state-expires",
    mayChangeHead: true,
    text: () => "what only the state file vouches for is too old",
  },
  "consul-retry": { code: "consul-retry", mayChangeHead: false, text: () => "Consul is asked again" },
};

/** The first first. */
export function nextOf(facts: Facts): readonly NextEvent[] {
  return facts.view.due.map(({ at, server, what }) => {
    const { code, mayChangeHead, text } = NEXT[what];
    return {
      code,
      server: server ?? null,
      at: momentOf(facts, at),
      may_change_head: mayChangeHead === "in-outage" ? facts.view.state === "outage" : mayChangeHead,
      text: text(server ?? ""),
    };
  });
}
