/** What would become of the head: the pure transition, applied to the snapshot and dropped. */
import type { Snapshot } from "../snapshot.ts";
import { transition } from "../transition.ts";
import type { WhatIf } from "./explanation.ts";
import { downNow, type Facts } from "./facts.ts";

/** What may be asked; `KEY`: a listed server. */
export const WHAT_IFS = ["fails:KEY", "removed:KEY", "consul-empty", "contact-lost", "rebalance"] as const;

/** @returns `undefined` when nobody can tell what is asked. */
export function whatIf(facts: Facts, question: string): WhatIf | undefined {
  const [, what = "", key = ""] = /^(fails|removed):(.+)$/.exec(question) ?? [];
  const { snapshot } = facts.view;
  if (what !== "" && !snapshot.members.has(key)) {
    return undefined;
  }
  switch (what === "" ? question : what) {
    case "fails":
      return ifFails(facts, question, key);
    case "removed":
      return headOf(question, transition(snapshot, { kind: "server-removed", key, source: "api" }, 0), facts);
    case "consul-empty":
      return headOf(question, transition(snapshot, { ...backups([]), tier: consulTier(facts) }, 0), facts);
    case "contact-lost":
      return headOf(
        question,
        transition(snapshot, { ...backups(consulServers(snapshot)), tier: "primary" }, 0),
        facts,
      );
    case "rebalance":
      return ifRebalanced(facts);
    default:
      return undefined;
  }
}

/**
 * The servers that a rebalance may make head, with their chances: it tries the primaries, then the backups, each in
 * random order, and takes the first that answers. 0: only if none of those with a chance answers.
 */
export function rebalanceChances(facts: Facts): ReadonlyMap<string, number> {
  const { penalised, snapshot } = facts.view;
  const avoided = new Set(penalised.map(({ key }) => key));
  const tried = snapshot.servers.filter(({ key }) => !avoided.has(key));
  const down = downNow(facts);
  const up = tried.filter(({ key }) => !down.has(key));
  const primaries = up.filter(({ key }) => snapshot.tierOf(key) === "primary");
  const likely = new Set(primaries.length > 0 ? primaries : up);
  return new Map(tried.map((server) => [server.key, likely.has(server) ? 1 / likely.size : 0]));
}

function ifFails(facts: Facts, question: string, key: string): WhatIf {
  const { ifHeadFails, settings, snapshot } = facts.view;
  if (snapshot.head?.key !== key) {
    return answer(question, snapshot.head?.key, `${key} is not the head: the head stays`);
  }
  switch (ifHeadFails.kind) {
    case "none":
      return answer(question, key, "there is no other server: the head stays");
    case "next": {
      const soon =
        settings.ping === "none"
          ? "once a source of the list says that it failed: nobody pings"
          : ifHeadFails.isConnected
            ? "connection open, about 10 ms"
            : `no connection yet: within ${settings.timeoutMs} ms when it hangs`;
      return answer(question, ifHeadFails.server, `${ifHeadFails.server} (${soon})`);
    }
    case "search": {
      const candidates = snapshot.servers
        .filter((server) => server.key !== key)
        .map((server) => ({ address: server.key, chance: null }));
      return { if: question, head: null, candidates, text: "whoever answers first: all are asked" };
    }
  }
}

function ifRebalanced(facts: Facts): WhatIf {
  const { snapshot } = facts.view;
  const chances = rebalanceChances(facts);
  const candidates = [...chances].map(([address, chance]) => ({ address, chance }));
  const likely = candidates.filter(({ chance }) => chance > 0).map(({ address }) => address);
  const [only, ...more] = likely;
  if (snapshot.size < 2 || candidates.length === 0) {
    return answer("rebalance", snapshot.head?.key, "there is no choice: the head stays");
  }
  if (only === undefined) {
    return { ...answer("rebalance", undefined, "whoever answers by then; else the head stays"), candidates };
  }
  return more.length === 0
    ? { ...answer("rebalance", only, only), candidates }
    : { ...answer("rebalance", undefined, `${orList(likely)}, equally likely`), candidates };
}

function headOf(question: string, after: Snapshot, { view }: Facts): WhatIf {
  const head = after.head?.key;
  const text =
    head === undefined
      ? "no server would be left"
      : head === view.snapshot.head?.key
        ? `${head} stays`
        : head;
  return answer(question, head, text);
}

function answer(question: string, head: string | undefined, text: string): WhatIf {
  return { if: question, head: head ?? null, candidates: [], text };
}

function backups(endpoints: Snapshot["servers"]) {
  return { kind: "backups-reported", endpoints, source: "consul" } as const;
}

function consulServers({ members, servers }: Snapshot): Snapshot["servers"] {
  return servers.filter(({ key }) => members.get(key)?.claims.consul !== undefined);
}

function consulTier({ view }: Facts): "primary" | "backup" {
  return view.contact === "orphaned" ? "primary" : "backup";
}

/** Names that an answer for people lists. */
const NAMED = 5;

function orList(names: readonly string[]): string {
  const shown = names.slice(0, NAMED);
  const more = names.length - shown.length;
  return more > 0
    ? `${shown.join(", ")} or ${more} more`
    : `${shown.slice(0, -1).join(", ")} or ${shown.at(-1) ?? ""}`;
}
