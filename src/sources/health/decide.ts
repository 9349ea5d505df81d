/** What follows from what happens to the watched servers: pure. */
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import {
  type Action,
  type Decision,
  type Health,
  type HealthEvent,
  nothingToDo,
  type View,
} from "./health-state.ts";
import { judgeSilence } from "./judge-silence.ts";
import { afterRoundTrip } from "./patience.ts";
import { hasFailedHead, lookAtHead, recover } from "./replace-head.ts";
import {
  afterAnswer,
  afterFailure,
  afterHeadAnswered,
  afterRebalance,
  closesAtOnce,
  closingSince,
  downSince,
  type Failing,
  isProof,
  keepingListed,
  SHORT_LIFE_MS,
} from "./server-health.ts";
import { watchedServers } from "./watched-servers.ts";

/**
 * One step of what follows. It is taken when all actions of the step before it are done, and sees what they changed.
 */
type Step = (health: Health, view: View) => Decision;

type EventOf<Kind extends HealthEvent["kind"]> = HealthEvent & { readonly kind: Kind };

/** Where so many servers were found to close connections at once lately, an answer of the next server proves little. */
const CLOSING_SERVERS_THAT_MATTER = 2;

/** Servers found to close connections at once so lately, in milliseconds, tell something of the next one. */
const CLOSING_MATTERS_MS = 60_000;

/** A primary must have answered for this long before the list goes back to it from a backup. */
const GO_BACK_AFTER_MS = 30_000;

/** That this machine can't ask servers is told once in so many milliseconds. */
const TROUBLE_TOLD_EVERY_MS = 60_000;

/** What follows from the event, step by step. */
export function decide(event: HealthEvent): readonly Step[] {
  switch (event.kind) {
    case "list-changed":
      return [takeList(event), lookAtHead];
    case "answered":
      return [takeAnswer(event), settleAnswer(event)];
    case "failed":
      return [takeFailure(event), replaceFailedHead(event)];
    case "late":
      return [askStandby(event)];
    case "silent":
      return [(health, view) => judgeSilence(health, view, event)];
    case "address-heard":
      return [(health) => ({ health, actions: [{ ...event, do: "note-address" }] })];
    case "found":
      return [(health, view) => recover(health, view, event.key)];
    case "asked-in-vain":
      return [takeSilence(event)];
    case "all-asked-in-vain":
      return [confirmOutage];
    case "not-asked":
      return [tellTrouble(event)];
  }
}

function takeList({ chosen }: EventOf<"list-changed">): Step {
  return (health, { config, snapshot }) => {
    const known = chosen === undefined ? health.records : afterRebalance(health.records, chosen);
    const records = keepingListed(known, (key) => snapshot.members.has(key));
    const servers = watchedServers(snapshot, records, config.standby);
    const roundTrips = health.roundTrips.filter((_, key) => snapshot.members.has(key));
    return { health: { ...health, records, roundTrips }, actions: [{ do: "watch", servers }] };
  };
}

/** While the head is down, the first watched server that answers takes its place. */
function takeAnswer({ lasted, roundTripMs, server: { key } }: EventOf<"answered">): Step {
  return (before, view) => {
    const health = roundTripMs === undefined ? before : afterRoundTripOf(before, view, key, roundTripMs);
    if (!isProof(health.records, key, lasted)) {
      return nothingToDo(health);
    }
    const up = { ...health, records: afterAnswer(health.records, key, lasted) };
    return up.search !== undefined && (lasted || !up.search.mustLast)
      ? recover(up, view, key, downSince(health.records, key))
      : { health: up, actions: standbyUp(health, view, key) };
  };
}

function afterRoundTripOf(health: Health, { config, now }: View, key: string, tookMs: number): Health {
  const { roundTrips } = health;
  const after = afterRoundTrip(roundTrips.get(key), tookMs, { now, timeoutMs: config.timeoutMs });
  return { ...health, roundTrips: roundTrips.set(key, after) };
}

function standbyUp({ records }: Health, { now, snapshot }: View, key: string): Action[] {
  const since = downSince(records, key);
  return since === undefined || snapshot.head?.key === key
    ? []
    : [{ do: "note", event: { kind: "standby-up", server: key, downMs: now - since } }];
}

/**
 * The head answers: what failed before it may be tried again, but for the next server, which is known to be down now.
 */
function settleAnswer({ lasted, server: { key } }: EventOf<"answered">): Step {
  return (health, view) => {
    if (!isProof(health.records, key, lasted)) {
      return nothingToDo(health);
    }
    if (view.snapshot.head?.key !== key) {
      return { health, actions: goBack(key, view) };
    }
    if (!believes(health, view, key)) {
      return nothingToDo(health);
    }
    const { standby } = view;
    const downNow = standby !== undefined && view.stateOf(standby)?.phase === "down" ? standby : undefined;
    return nothingToDo({
      ...health,
      failedHeads: 0,
      records: afterHeadAnswered(health.records, downNow),
    });
  };
}

/** Where servers close connections at once, what answers may be like them: it has to answer for longer. */
function believes({ records }: Health, { now, stateOf }: View, key: string): boolean {
  const state = stateOf(key);
  return (
    closingSince(records, now - CLOSING_MATTERS_MS) < CLOSING_SERVERS_THAT_MATTER ||
    (state?.phase === "up" && now - state.since >= SHORT_LIFE_MS)
  );
}

/**
 * The list goes back from a backup to a primary that answers again: by a rebalance, which pings it once more. No backup
 * is chosen: one healthy backup is as good as another, so the head would change for nothing.
 */
function goBack(key: string, view: View): Action[] {
  const { isAvoided, now } = view;
  const earliest = isWantedBack(key, view) ? answeredLongAt(key, view) : undefined;
  return earliest !== undefined && now >= earliest && !isAvoided(key)
    ? [{ do: "go-back-to-primary", reason: "a primary answers again" }]
    : [];
}

function isWantedBack(key: string, { snapshot }: View): boolean {
  const isPrimary = (other: string) => snapshot.tierOf(other) === "primary";
  return isPrimary(key) && !isPrimary(snapshot.head?.key ?? "");
}

/** When the server has answered for long enough, by `Clock.now`; `undefined` while it does not answer. */
function answeredLongAt(key: string, { stateOf }: View): number | undefined {
  const state = stateOf(key);
  return state?.phase === "up" ? state.since + GO_BACK_AFTER_MS : undefined;
}

/**
 * When the list may go back to the primary that is watched beside the head, by `Clock.now`, but for the primary's
 * penalty; `undefined` when it need not, or when that primary does not answer.
 */
export function earliestFailback(view: View): number | undefined {
  const { standby } = view;
  return standby !== undefined && isWantedBack(standby, view) ? answeredLongAt(standby, view) : undefined;
}

function takeFailure({ failure, server }: EventOf<"failed">): Step {
  return (health, view) => {
    const { snapshot, config } = view;
    const found = foundDown(health, view, server, failure);
    if (snapshot.head?.key === server.key) {
      return found;
    }
    const { records } = found.health;
    const { code, reason } = failure;
    const event = { kind: "standby-down", server: server.key, code, reason } as const;
    const watch: Action = { do: "watch", servers: watchedServers(snapshot, records, config.standby) };
    const news = health.records.byKey.has(server.key) ? [watch] : [{ do: "note", event } as const, watch];
    return { health: found.health, actions: [...found.actions, ...news] };
  };
}

function replaceFailedHead({ failure, server }: EventOf<"failed">): Step {
  return (health, view) =>
    view.snapshot.head?.key === server.key && health.search === undefined
      ? hasFailedHead(health, view, failure)
      : nothingToDo(health);
}

/** Should the head be silent, the next server has been asked by then: a second opinion. */
function askStandby({ server: { key } }: EventOf<"late">): Step {
  return (health, { snapshot }) => ({
    health,
    actions: snapshot.head?.key === key ? [{ do: "hurry", role: "standby" }] : [],
  });
}

function takeSilence({ failing, server }: EventOf<"asked-in-vain">): Step {
  return (health, view) =>
    foundDown(health, view, server, {
      ...failing,
      closesAtOnce: failing.closesAtOnce || closesAtOnce(health.records, server.key),
    });
}

/** A server of which nothing was known until now was up: that it failed counts against it. */
function foundDown(health: Health, { now }: View, server: ServerEndpoint, failing: Failing): Decision {
  const { key } = server;
  const lookUp: Action = { do: "look-up", server };
  return {
    health: { ...health, records: afterFailure(health.records, key, failing, now) },
    actions: health.records.byKey.has(key) ? [lookUp] : [lookUp, { do: "penalise", key }],
  };
}

/** A machine that is short of sockets may fail to ask hundreds of times a second. */
function tellTrouble({ reason, server }: EventOf<"not-asked">): Step {
  return (health, { now }) =>
    now - health.troubleToldAt < TROUBLE_TOLD_EVERY_MS
      ? nothingToDo(health)
      : {
          health: { ...health, troubleToldAt: now },
          actions: [{ do: "note", event: { kind: "local-trouble", server: server.key, reason } }],
        };
}

const confirmOutage: Step = (health, { now, snapshot }) => {
  const { search } = health;
  if (search === undefined) {
    return nothingToDo(health);
  }
  const event = { kind: "outage-began", servers: snapshot.size, ...search.why } as const;
  return {
    health: { ...health, search: { ...search, isConfirmed: true, confirmedAt: search.confirmedAt ?? now } },
    actions: [{ do: "note", event }],
  };
};
