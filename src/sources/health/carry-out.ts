import type { Note } from "../../core/journal-event.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { HeadSearch } from "./head-search.ts";
import type { Action } from "./health-state.ts";
import { noteAddress } from "./note-address.ts";
import type { Penalties } from "./penalties.ts";
import type { Watches } from "./watches.ts";

export interface ActingPorts {
  readonly proxy: Pick<
    RpcProxy,
    "notifyFailedServer" | "refreshAddresses" | "noteAddress" | "rebalanceServers"
  >;
  readonly penalties: Penalties;
  readonly note: Note;
}

interface Hands extends ActingPorts {
  readonly watches: Pick<Watches, "follow" | "of">;
  readonly search: Pick<HeadSearch, "begin" | "include" | "end">;
  /** Aborted when the monitor has stopped. */
  readonly stopped: AbortSignal;
}

/** Does what was decided. */
export function carryOut(action: Action, hands: Hands): void {
  const { note, penalties, proxy, search, stopped, watches } = hands;
  switch (action.do) {
    case "watch":
      watches.follow(action.servers);
      return;
    case "hurry":
      watches.of(action.role)?.hurry();
      return;
    case "give-up-head":
      watches.of("head")?.foundDown(action.failure);
      return;
    case "look-up":
      proxy.refreshAddresses(action.server);
      return;
    case "note-address":
      noteAddress(hands, action);
      return;
    case "penalise":
      penalties.add(action.key);
      note({ kind: "server-penalised", server: action.key, ...penalties.of(action.key) });
      return;
    case "search":
      search.begin(action.plan);
      return;
    case "search-more":
      search.include(action.keys);
      return;
    case "end-search":
      void search.end();
      return;
    case "hand-over": {
      const { head, reason, source, successor } = action;
      proxy.notifyFailedServer(head, { source, reason }, successor);
      return;
    }
    case "go-back-to-primary":
      void proxy.rebalanceServers({ signal: stopped, reason: action.reason, tier: "primary" });
      return;
    case "note":
      note(action.event);
  }
}
