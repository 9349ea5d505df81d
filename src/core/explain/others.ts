/** Why each other server is not the head, and when it would be. */

import { printable } from "../printable.ts";
import { times } from "../timeline/words.ts";
import type { NotHead, OtherServer, WhatIf, WouldBeHead } from "./explanation.ts";
import { type Facts, foundAgainst, momentOf, spanUntil } from "./facts.ts";

/** Servers that an explanation tells of: whoever has more asks for one of them. */
export const MOST_SERVERS = 64;

export function othersOf(
  facts: Facts,
  ifHeadFails: WhatIf | undefined,
  ifRebalanced: WhatIf | undefined,
): readonly OtherServer[] {
  const { snapshot, unlisted } = facts.view;
  const chances = new Map(
    ifRebalanced?.candidates.map(({ address, chance }) => [address, chance ?? undefined]),
  );
  const listed = snapshot.order
    .toSeq()
    .take(MOST_SERVERS + 1)
    .toArray()
    .map((address, index) => ({
      address,
      position: index + 1,
      not_head: notHead(facts, address, index + 1),
      would_be_head: wouldBeHead(address, ifHeadFails, chances.get(address)),
    }))
    .slice(1);
  return [
    ...listed,
    ...unlisted.map(({ code, key, reason }) => ({
      address: key,
      position: null,
      not_head: [{ code, text: printable(reason), until_at: null }],
      would_be_head: [],
    })),
  ];
}

function notHead(facts: Facts, key: string, position: number): readonly NotHead[] {
  const { snapshot } = facts.view;
  const { down, penalty, watched } = foundAgainst(facts, key);
  const why = watched?.phase === "down" ? printable(watched.reason ?? "no answer") : undefined;
  const reasons: (NotHead | false | undefined)[] = [
    why !== undefined && { code: "down", text: `down: ${why}`, until_at: null },
    why === undefined &&
      down?.isInThisPass && {
        code: "down-in-this-pass",
        text: "was found down since a head last answered",
        until_at: null,
      },
    down?.closesAtOnce && {
      code: "closes-at-once",
      text: "takes connections and closes them at once",
      until_at: null,
    },
    penalty && {
      code: "penalised",
      text: `failed ${times(penalty.failures)}, not chosen for ${spanUntil(facts, penalty.until)}`,
      until_at: momentOf(facts, penalty.until),
    },
    snapshot.tierOf(key) === "backup" &&
      snapshot.tierOf(snapshot.head?.key ?? "") === "primary" && {
        code: "backup-while-primary",
        text: "a backup, while a primary is head",
        until_at: null,
      },
  ];
  const found = reasons.filter((reason): reason is NotHead => typeof reason === "object");
  return found.length > 0
    ? found
    : [{ code: "later-in-order", text: `is number ${position} of the list`, until_at: null }];
}

function wouldBeHead(
  key: string,
  ifHeadFails: WhatIf | undefined,
  chance: number | undefined,
): readonly WouldBeHead[] {
  const isCandidate = ifHeadFails?.candidates.some(({ address }) => address === key) === true;
  const reasons: (WouldBeHead | undefined)[] = [
    ifHeadFails !== undefined && (ifHeadFails.head === key || isCandidate)
      ? { if: ifHeadFails.if, chance: isCandidate ? null : 1, text: `the head fails: ${ifHeadFails.text}` }
      : undefined,
    chance === undefined
      ? undefined
      : {
          if: "rebalance",
          chance,
          text: chance > 0 ? "a rebalance chooses it" : "a rebalance finds that no better server answers",
        },
  ];
  return reasons.filter((reason) => reason !== undefined);
}
