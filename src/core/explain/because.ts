/** Why the head is the head, in four layers: became, stays, listed, mode. */

import type { Patience } from "../pool-view.ts";
import { printable } from "../printable.ts";
import { rfc3339 } from "../time/rfc3339.ts";
import { roundTripText } from "../time/spans.ts";
import { becameHead, SOURCES } from "./became-head.ts";
import type { Reason } from "./explanation.ts";
import { agoOf, type Facts, momentOf, spanUntil } from "./facts.ts";

export function becauseOf(facts: Facts): readonly Reason[] {
  const { head, headSince } = facts.view.snapshot;
  return head === undefined || headSince === undefined
    ? modes(facts)
    : [became(facts, head.key), stays(facts, head.key), listed(facts, head.key), ...modes(facts)];
}

function reason(code: string, text: string, at: string | null = null, event: number | null = null): Reason {
  return { code, text, at, event };
}

function became({ events, view }: Facts, head: string): Reason {
  const { headSince } = view.snapshot;
  if (headSince === undefined) {
    return reason("became-head.first", "");
  }
  const event = events.findLast(({ kind, ...fields }) => kind === "head-changed" && fields["head"] === head);
  const { code, text } = becameHead(head, headSince);
  // An outage ended with this server: whoever answered first was taken.
  const isRecovery =
    code === "became-head.rotation" &&
    events.some(
      ({ at, kind, ...fields }) =>
        kind === "outage-ended" &&
        fields["server"] === head &&
        at >= rfc3339(headSince.at - 1_000) &&
        at <= rfc3339(headSince.at + 1_000),
    );
  return isRecovery
    ? reason(
        "became-head.recovery",
        `${head} was the first to answer after no server did`,
        rfc3339(headSince.at),
        event?.index ?? null,
      )
    : reason(code, text, rfc3339(headSince.at), event?.index ?? null);
}

function stays(facts: Facts, head: string): Reason {
  const { view } = facts;
  const watched = view.watched.find(({ key, role }) => key === head && role === "head");
  if (watched === undefined) {
    return reason("stays-head.unwatched", "nobody asks it: what is known of it is what others report");
  }
  if (watched.phase === "down") {
    const why = printable(watched.reason ?? "no answer");
    if (view.snapshot.size === 1) {
      return reason("stays-head.only-server", `it is down (${why}), and there is no other server`);
    }
    return view.state === "outage"
      ? reason("stays-head.no-choice", `it is down (${why}), and so is every other server`)
      : reason("stays-head.connecting", `it is down (${why}): others are being asked`);
  }
  const { lastAnswer } = watched;
  if (watched.phase === "connecting" || lastAnswer === undefined) {
    return reason("stays-head.connecting", "a connection to it is being opened");
  }
  const took = `answered ${agoOf(facts, lastAnswer.at)} in ${roundTripText(lastAnswer.tookMs)}`;
  return reason("stays-head.answers", `${took}${usually(watched.patience)}`, momentOf(facts, lastAnswer.at));
}

function usually({ lateMs, usualMs }: Patience): string {
  return usualMs === undefined
    ? ""
    : `, usually in ${roundTripText(usualMs)}; late after ${roundTripText(lateMs)}`;
}

function listed({ view }: Facts, head: string): Reason {
  const member = view.snapshot.members.get(head);
  const claims = Object.entries(member?.claims ?? {});
  const sources = claims.map(([source]) => source);
  if (sources.length > 0 && sources.every((source) => source === "state-file")) {
    return reason("listed.state-file", "remembered in the state file; no source has named it since");
  }
  if (view.contact === "orphaned" && sources.every((source) => source === "consul")) {
    return reason("listed.orphan-primary", "primary by Consul, because no heartbeat with a leader comes");
  }
  const [first, ...more] = claims.toSorted(([, one], [, other]) => other.localeCompare(one));
  const tier = member?.tier ?? "unknown";
  const also = more.map(([source]) => SOURCES[source] ?? source).join(", ");
  const by = SOURCES[first?.[0] ?? ""] ?? "nobody";
  return reason("listed.claims", `${tier} by ${by}${also === "" ? "" : `; also by ${also}`}`);
}

function modes(facts: Facts): readonly Reason[] {
  const { contact, sources, state } = facts.view;
  const heartbeats = sources.find(({ source }) => source === "heartbeat" || source === "push");
  const consul = sources.find(({ source }) => source === "consul");
  const reasons: (Reason | undefined)[] = [
    state === "outage" ? reason("mode.outage", "no server answers: the order stays") : undefined,
    state === "stale" ? reason("mode.stale", "only the state file vouches for the list") : undefined,
    contact === "orphaned"
      ? reason("mode.contact-lost", "no heartbeat with a leader comes: Consul's servers are primaries")
      : heartbeats?.lastSuccessAt === undefined
        ? undefined
        : reason(
            "mode.contact-held",
            `a heartbeat came ${agoOf(facts, heartbeats.lastSuccessAt)}`,
            momentOf(facts, heartbeats.lastSuccessAt),
          ),
    consul?.state === "failing"
      ? reason(
          "mode.consul-failing",
          `Consul fails (${printable(consul.lastError ?? "no answer")}): what it reported stays`,
        )
      : undefined,
    consul?.emptyUntil === undefined
      ? undefined
      : reason(
          "mode.empty-held",
          `Consul lists no server: that counts in ${spanUntil(facts, consul.emptyUntil)}`,
          momentOf(facts, consul.emptyUntil),
        ),
  ];
  return reasons.filter((found) => found !== undefined);
}
