/** A pool as JSON shows it. Absent knowledge is `null`; a key never disappears. */

import { type Facts, momentOf } from "../../core/explain/facts.ts";
import { nextOf } from "../../core/explain/next.ts";
import type { PoolView, SourceStatus } from "../../core/pool-view.ts";
import { printable } from "../../core/printable.ts";
import type { Member } from "../../core/snapshot.ts";
import { rfc3339 } from "../../core/time/rfc3339.ts";
import { tenths } from "../../core/time/spans.ts";
import { shownCause, type TimelineEvent } from "../../core/timeline/timeline-event.ts";

/** Servers that a reply shows by default: a list of 10,000 would be 3 MB. */
export const SERVERS_SHOWN = 256;

/** @param offset servers at the begin of the list that are not shown. */
export function poolJson(facts: Facts, limit: number, offset = 0) {
  const { view } = facts;
  const { head, headSince, leaderAddr, numNodes, order, revision, size } = view.snapshot;
  const shown = order.toSeq().skip(offset).take(limit).toArray();
  const changedAt = lastChanges(view, shown);
  return {
    ...summaryOf(facts),
    revision,
    head:
      head === undefined || headSince === undefined
        ? null
        : { address: head.key, since_at: rfc3339(headSince.at), cause: shownCause(headSince.cause) },
    contact: view.contact,
    leader: leaderAddr === "" ? null : printable(leaderAddr),
    num_nodes: numNodes,
    counts: countsOf(view),
    servers: shown.map((key, index) => ({
      ...serverJson(facts, view.snapshot.members.get(key), offset + index + 1),
      changed_at: whenOrNull(changedAt.get(key)),
    })),
    servers_total: size,
    servers_shown: shown.length,
    unlisted: view.unlisted.map(({ code, key, reason }) => ({
      address: key,
      code,
      reason: printable(reason),
    })),
    sources: {
      ...Object.fromEntries(view.sources.map((source) => [source.source, sourceJson(facts, source)])),
      state_file: stateFileJson(facts),
    },
    next: nextOf(facts),
  };
}

/** What every list of pools shows. */
export function summaryOf(facts: Facts) {
  const { isIdle, name, onDemand, snapshot, state } = facts.view;
  return {
    name,
    on_demand: onDemand,
    idle: isIdle,
    index: facts.index,
    state,
    state_since_at: stateSince(facts),
    ready: snapshot.head !== undefined,
    head_address: snapshot.head?.key ?? null,
  };
}

/** By what is kept of the timeline; `null`: the state is older. */
function stateSince({ events, view }: Facts): string | null {
  const isBegin = (event: TimelineEvent) =>
    view.state === "outage"
      ? event.kind === "outage-began"
      : event.kind === "outage-ended" ||
        (event.kind === "head-changed" && (event["head"] === null || event["previous_head"] === null));
  return events.findLast(isBegin)?.at ?? null;
}

/** When each of these servers came or moved last, as far as the history reaches. */
function lastChanges({ history }: PoolView, keys: readonly string[]): ReadonlyMap<string, number> {
  const changedAt = new Map<string, number>();
  const sought = new Set(keys);
  const note = (key: string, at: number) => {
    if (sought.delete(key)) {
      changedAt.set(key, at);
    }
  };
  for (const { at, difference } of history.toReversed()) {
    for (const key of difference.added) {
      note(key, at);
    }
    for (const key of difference.moved) {
      note(key, at);
    }
    if (sought.size === 0) {
      break;
    }
  }
  return changedAt;
}

function countsOf({ down, penalised, snapshot }: PoolView) {
  return {
    primary: snapshot.serversOf("primary").length,
    backup: snapshot.serversOf("backup").length,
    down: down.filter(({ isInThisPass }) => isInThisPass).length,
    penalised: penalised.length,
  };
}

function serverJson(facts: Facts, member: Member | undefined, position: number) {
  const key = member?.endpoint.key ?? "";
  const { down, penalised, watched } = facts.view;
  const watch = watched.find((server) => server.key === key);
  const found = down.find((server) => server.key === key);
  const penalty = penalised.find((server) => server.key === key);
  return {
    address: key,
    addresses: member?.endpoint.addresses ?? [],
    position,
    tier: member?.tier ?? null,
    claims: member?.claims ?? {},
    watch:
      watch === undefined
        ? null
        : {
            role: watch.role,
            phase: watch.phase,
            since_at: momentOrNull(facts, watch.since),
            last_answer_at: momentOrNull(facts, watch.lastAnswer?.at),
            rtt_ms: watch.lastAnswer === undefined ? null : tenths(watch.lastAnswer.tookMs),
            usual_rtt_ms: watch.patience.usualMs === undefined ? null : tenths(watch.patience.usualMs),
            late_after_ms: tenths(watch.patience.lateMs),
            silent_after_ms: tenths(watch.patience.silentMs),
          },
    down:
      found === undefined && watch?.phase !== "down"
        ? null
        : {
            since_at: momentOrNull(facts, found?.since ?? watch?.since),
            reason: watch?.reason === undefined ? null : printable(watch.reason),
            in_this_pass: found?.isInThisPass ?? true,
          },
    penalty:
      penalty === undefined ? null : { until_at: momentOf(facts, penalty.until), failures: penalty.failures },
  };
}

function sourceJson(facts: Facts, source: SourceStatus) {
  const {
    attempt,
    datacenter,
    emptyUntil,
    errorCode,
    failingSince,
    index,
    lastError,
    lastSuccessAt,
    nextAt,
  } = source;
  return {
    state: source.state,
    since_at: momentOrNull(facts, failingSince),
    attempt: attempt ?? null,
    last_success_at: momentOrNull(facts, lastSuccessAt),
    next_at: momentOrNull(facts, nextAt),
    server: source.server ?? null,
    datacenter: datacenter ?? null,
    servers: source.servers ?? null,
    index: index ?? null,
    empty_until_at: momentOrNull(facts, emptyUntil),
    error: lastError === undefined ? null : { code: errorCode ?? null, text: printable(lastError) },
    warnings: source.warnings.map(({ message }) => printable(message)),
  };
}

/** `null` when sources name every listed server. */
function stateFileJson(facts: Facts) {
  const { remembered } = facts.view;
  return remembered === undefined
    ? null
    : {
        saved_at: rfc3339(remembered.savedAt),
        expires_at: momentOf(facts, remembered.expiresAt),
        servers: remembered.servers,
      };
}

function whenOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : rfc3339(ms);
}

function momentOrNull(facts: Facts, at: number | undefined): string | null {
  return at === undefined ? null : momentOf(facts, at);
}
