/** Who takes the place of a head that is down: pure. */
import type { PoolEvent } from "../../core/journal-event.ts";
import { dialIntervalMs, HEADS_PACE, headIntervalMs, searchIntervalMs } from "../../core/time/fleet-pace.ts";
import { earliestNext, spend } from "../../core/time/pace.ts";
import type { Why } from "../../core/why.ts";
import { type Action, type Decision, type Health, nothingToDo, type View } from "./health-state.ts";
import { searchRanks } from "./search-order.ts";
import { closesAtOnce, downKeys, downSince, forgetting, isDown, isSilent } from "./server-health.ts";

/** After so many servers that failed one after the other the rest are asked together, not one by one. */
const FAILURES_UNTIL_SEARCH = 2;

/** A head that is down is replaced; the search for one ends when the head is none of those any more. */
export function lookAtHead(health: Health, view: View): Decision {
  const head = view.snapshot.head?.key;
  if (head === undefined || !isDown(health.records, head)) {
    return searchEnded(health, view.now);
  }
  return health.search === undefined
    ? replaceHead(health, view, headReason(view))
    : lookAtNewcomers(health, view);
}

/** The head was found down, and no search is under way. */
export function hasFailedHead(health: Health, view: View, why: Why): Decision {
  return replaceHead({ ...health, failedHeads: health.failedHeads + 1 }, view, why);
}

/** A server answers while the head is down: it becomes the head. */
export function recover(
  health: Health,
  view: View,
  key: string,
  since = downSince(health.records, key),
): Decision {
  const { head, members } = view.snapshot;
  const { search } = health;
  if (search === undefined || head === undefined || !members.has(key)) {
    return nothingToDo(health);
  }
  const ended = searchEnded(
    { ...health, records: forgetting(health.records, key), failedHeads: 0 },
    view.now,
    key,
  );
  const more = downKeys(ended.health.records).size - 1;
  const { code, evidence, reason: own } = headReason(view);
  const reason = more > 0 ? `${own}; ${more} more are down` : own;
  const handed = handedOver(ended.health, view, key, reason);
  const event: PoolEvent =
    head.key !== key && !search.isConfirmed
      ? { kind: "head-failed", server: head.key, code, reason, evidence, head: key, by: "search" }
      : { kind: "server-up", server: key, downMs: since === undefined ? undefined : view.now - since };
  return {
    health: handed.health,
    actions: [...ended.actions, { do: "note", event }, ...handed.actions, { do: "hurry", role: "head" }],
  };
}

/** No search is under way from now on. `server`: who answered, where somebody did. */
export function searchEnded(health: Health, now: number, server?: string): Decision {
  const { search } = health;
  if (search === undefined) {
    return nothingToDo(health);
  }
  const { confirmedAt } = search;
  const ended: Action[] =
    confirmedAt === undefined
      ? []
      : [{ do: "note", event: { kind: "outage-ended", server, lastedMs: now - confirmedAt } }];
  return {
    health: { ...health, search: undefined, searchEndedAt: now },
    actions: [{ do: "end-search" }, ...ended],
  };
}

/**
 * The next server that is not known to be down becomes head. After two that failed all are asked first, if there are
 * several.
 */
function replaceHead(health: Health, view: View, why: Why): Decision {
  const { head, order } = view.snapshot;
  const [next, other] = order
    .toSeq()
    .filter((key) => !isDown(health.records, key))
    .take(2);
  const notBeforeMs = earliestNext(health.headsPace, view.now, true, HEADS_PACE) - view.now;
  const isLast = next !== undefined && other === undefined;
  return next === undefined || notBeforeMs > 0 || (!isLast && hasFailedTwice(health, head?.key ?? ""))
    ? searchBegun(health, view, why, notBeforeMs)
    : passedOn(health, view, next, why);
}

/**
 * Two heads, or one that was silent, with the next server known to be down: a further silent one would cost as much
 * time again.
 */
function hasFailedTwice({ failedHeads, records }: Health, head: string): boolean {
  const failedServers = isSilent(records, head) ? downKeys(records).size : 0;
  return Math.max(failedHeads, failedServers) >= FAILURES_UNTIL_SEARCH;
}

/** To a server that is not known to be down: its watch tells soon. */
function passedOn(health: Health, view: View, next: string, why: Why): Decision {
  const { code, evidence, reason } = why;
  const handed = handedOver(health, view, next, reason);
  const server = view.snapshot.head?.key ?? "";
  const event: PoolEvent = { kind: "head-failed", server, code, reason, evidence, head: next, by: "next" };
  // Noted first: what follows from the hand-over may be a failure, too.
  return {
    health: handed.health,
    actions: handed.actions.length > 0 ? [{ do: "note", event }, ...handed.actions] : [],
  };
}

/** In one step past all that are known to be down. Nothing is done when the server is the head. */
function handedOver(health: Health, { now, snapshot, stateOf }: View, key: string, reason: string): Decision {
  const { head } = snapshot;
  const state = stateOf(head?.key ?? "");
  const source = (state?.phase === "down" ? state.source : undefined) ?? "health";
  const successor = { key, failed: downKeys(health.records) };
  return {
    health: { ...health, headsPace: spend(health.headsPace, now, HEADS_PACE) },
    actions:
      head === undefined || head.key === key ? [] : [{ do: "hand-over", head, successor, reason, source }],
  };
}

/**
 * A server that is added while none answers is head at once, one that is added before that is asked like the others.
 */
function lookAtNewcomers(health: Health, view: View): Decision {
  const { search } = health;
  const { order } = view.snapshot;
  if (search === undefined) {
    return nothingToDo(health);
  }
  const next = search.isConfirmed ? order.find((key) => !isDown(health.records, key)) : undefined;
  if (next !== undefined) {
    const ended = searchEnded(health, view.now);
    const passed = passedOn(ended.health, view, next, headReason(view));
    return { health: passed.health, actions: [...ended.actions, ...passed.actions] };
  }
  const keys = order.filter((key) => !search.asked.has(key)).toArray();
  return keys.length === 0
    ? nothingToDo(health)
    : {
        health: {
          ...health,
          search: { ...search, asked: new Set([...search.asked, ...keys]), isConfirmed: false },
        },
        actions: [{ do: "search-more", keys }],
      };
}

function searchBegun(health: Health, view: View, why: Why, notBeforeMs: number): Decision {
  const { config, isAvoided, now, snapshot } = view;
  const { head, numNodes, order, size } = snapshot;
  const sinceMs = now - health.searchEndedAt;
  const headMs = headIntervalMs(config.intervalMs, { numNodes, numServers: size });
  const mustLast = head !== undefined && closesAtOnce(health.records, head.key);
  // Whatever ends a search for nothing can't make it begin again without a wait.
  const isForNothing = order.every((key) => isDown(health.records, key));
  const plan = {
    ranks: searchRanks(snapshot, isAvoided),
    mustLast,
    isPaced: sinceMs < searchIntervalMs(headMs, size),
    isAgain: isForNothing && sinceMs < dialIntervalMs(headMs),
    notBeforeMs,
  };
  return {
    health: { ...health, search: { why, mustLast, asked: new Set(order), isConfirmed: false } },
    actions: [{ do: "search", plan }],
  };
}

/** Why the head is down. */
function headReason({ snapshot, stateOf }: View): Why {
  const state = stateOf(snapshot.head?.key ?? "");
  return state?.phase === "down" ? state : { reason: "still down" };
}
