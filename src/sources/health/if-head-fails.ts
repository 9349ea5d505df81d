/** What would follow if the head failed now: by the very decision that would be taken, whose actions nobody does. */
import type { IfHeadFails } from "../../core/pool-view.ts";
import { decide } from "./decide.ts";
import type { Action, Health, View } from "./health-state.ts";

/** As when its connection is refused: silent servers cost more time, but the same follows for the first of them. */
const FAILURE = { code: "closed", reason: "fails", closesAtOnce: false, isSilent: false } as const;

export function ifHeadFails(health: Health, view: View): IfHeadFails {
  const { head, size } = view.snapshot;
  if (head === undefined || size < 2) {
    return { kind: "none" };
  }
  const handOver = actionsOf(health, view).find((action) => action.do === "hand-over");
  if (handOver === undefined) {
    return { kind: "search" };
  }
  const { key } = handOver.successor;
  return { kind: "next", server: key, isConnected: view.stateOf(key)?.phase === "up" };
}

function actionsOf(health: Health, view: View): readonly Action[] {
  const server = view.snapshot.head;
  const actions: Action[] = [];
  let known = health;
  for (const step of server === undefined ? [] : decide({ kind: "failed", server, failure: FAILURE })) {
    const decision = step(known, view);
    known = decision.health;
    actions.push(...decision.actions);
  }
  return actions;
}
