/** Answers, from what is known of a pool now: why this head, why no other, what next, what if. Pure. */

import { disagreementInWords } from "../disagreement.ts";
import { rfc3339 } from "../time/rfc3339.ts";
import type { TimelineEvent } from "../timeline/timeline-event.ts";
import { becauseOf } from "./because.ts";
import type { Explanation, ShownWhatIf, WhatIf } from "./explanation.ts";
import { type Facts, momentOf } from "./facts.ts";
import { nextOf } from "./next.ts";
import { MOST_SERVERS, othersOf } from "./others.ts";
import { whatIf } from "./what-if.ts";

/** Changes of the head that an explanation shows. */
const RECENT = 5;

/** @param questions further what-ifs, each one that `whatIf` can tell; what it can't tell is left out. */
export function explain(facts: Facts, questions: readonly string[] = []): Explanation {
  const { name, snapshot, state } = facts.view;
  const head = snapshot.head?.key;
  const ifHeadFails = head === undefined ? undefined : whatIf(facts, `fails:${head}`);
  const ifRebalanced = whatIf(facts, "rebalance");
  const asked = questions.filter((question) => ifHeadFails?.if !== question && question !== "rebalance");
  const answers: (WhatIf | undefined)[] = [
    ifHeadFails,
    ifRebalanced,
    ...asked.map((question) => whatIf(facts, question)),
  ];
  const because = becauseOf(facts);
  return {
    pool: name,
    at: momentOf(facts, facts.now),
    index: facts.index,
    head: head ?? null,
    state,
    verdict: verdictOf(facts, because[0]?.text ?? ""),
    dns: facts.dns(),
    because,
    others: othersOf(facts, ifHeadFails, ifRebalanced),
    others_total: Math.max(0, snapshot.size - 1),
    what_if: answers.filter((answer) => answer !== undefined).map(shownWhatIf),
    next: nextOf(facts),
    limits: limitsOf(facts),
    recent: recentOf(facts),
  };
}

function shownWhatIf(answer: WhatIf): ShownWhatIf {
  const { candidates } = answer;
  return { ...answer, candidates: candidates.slice(0, MOST_SERVERS), candidates_total: candidates.length };
}

function verdictOf({ view }: Facts, became: string): string {
  const { head, headSince } = view.snapshot;
  if (head === undefined || headSince === undefined) {
    return view.state === "starting"
      ? `${view.name} has no server yet: its sources have yet to report`
      : `${view.name} has no server: no source names one`;
  }
  return `${head.key} is the head since ${rfc3339(headSince.at).slice(11, 19)} because ${became}.`;
}

function limitsOf({ view }: Facts): Explanation["limits"] {
  const { disagreeing } = view;
  const { ping, standby } = view.settings;
  return [
    ...(disagreeing === undefined
      ? []
      : [{ code: "clients-disagree", text: disagreementInWords(disagreeing) }]),
    ...(ping === "tcp"
      ? [{ code: "ping-tcp-no-hang", text: "ping: tcp does not notice a server that hangs" }]
      : []),
    ...(ping === "none"
      ? [
          {
            code: "ping-none",
            text: "ping: none: no server is asked, and a report of a failure is only noted",
          },
        ]
      : []),
    ...(ping !== "none" && !standby
      ? [
          {
            code: "no-standby",
            text: "health.standby: false: no connection to the next server is held, so there is no second opinion",
          },
        ]
      : []),
  ];
}

function recentOf({ events }: Facts): readonly TimelineEvent[] {
  return events
    .filter(({ kind }) => kind === "head-changed")
    .slice(-RECENT)
    .toReversed();
}
