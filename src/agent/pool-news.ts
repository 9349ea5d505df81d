/** What the journal is told of a pool's list. */
import type { Note, PoolEvent } from "../core/journal-event.ts";
import { printable } from "../core/printable.ts";
import type { Observe } from "../core/routine.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { changeOf } from "../core/snapshot-feed.ts";

/** The change itself comes first, then what follows from it. */
export function newsOf(next: Snapshot, previous: Snapshot): readonly PoolEvent[] {
  return [
    { kind: "list-changed", ...changeOf(next, previous) },
    ...headNews(next, previous),
    ...leaderNews(next, previous),
  ];
}

/** Notes of routine what people ask for: that a rebalance changed nothing. */
export function notingKept({
  note,
  observe,
}: {
  readonly note: Note;
  readonly observe?: Observe | undefined;
}): Observe {
  return (event) => {
    observe?.(event);
    if (event.kind === "rebalance-ended" && event.result !== "changed") {
      note({ kind: "rebalance-kept", pinged: event.pinged, answered: event.answered });
    }
  };
}

function headNews(next: Snapshot, previous: Snapshot): readonly PoolEvent[] {
  const head = next.head?.key;
  const previousHead = previous.head?.key;
  if (head === previousHead) {
    return [];
  }
  const { cause, revision } = next;
  const [tier, previousTier] = [tierOfHead(next), tierOfHead(previous)];
  const heldMs = previous.headSince === undefined ? undefined : next.at - previous.headSince.at;
  const changed: PoolEvent = { kind: "head-changed", head, previousHead, tier, heldMs, revision, cause };
  const isFailback = cause.occurrence === "rebalanced" && previousTier === "backup" && tier === "primary";
  return head !== undefined && isFailback ? [changed, { kind: "failback", server: head }] : [changed];
}

function leaderNews(next: Snapshot, previous: Snapshot): readonly PoolEvent[] {
  const { leaderAddr, numNodes } = next;
  return leaderAddr === previous.leaderAddr
    ? []
    : [
        {
          kind: "leader-changed",
          leader: printable(leaderAddr),
          previousLeader: printable(previous.leaderAddr),
          numNodes,
        },
      ];
}

function tierOfHead({ head, members }: Snapshot) {
  return members.get(head?.key ?? "")?.tier;
}
