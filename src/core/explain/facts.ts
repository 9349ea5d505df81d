/** What an explanation is made of. */
import type { DownServer, PenalisedServer, PoolView, WatchedServer } from "../pool-view.ts";
import { rfc3339 } from "../time/rfc3339.ts";
import type { TimelineEvent } from "../timeline/timeline-event.ts";
import { spanOf } from "../timeline/words.ts";
import type { DnsAnswer } from "./explanation.ts";

export interface Facts {
  readonly view: PoolView;
  /** By `Clock.now`, at the moment of the view. */
  readonly now: number;
  /** Milliseconds since the Unix epoch at that moment. */
  readonly wallNow: number;
  /** Index of the last event of the pool. */
  readonly index: number;
  /** What is kept of the pool's events, oldest first. */
  readonly events: readonly TimelineEvent[];
  /** What DNS answers now: only an explanation asks. */
  readonly dns: () => DnsAnswer;
}

/** A moment by `Clock.now` as people read it. */
export function momentOf({ now, wallNow }: Facts, at: number): string {
  return rfc3339(Math.round(wallNow + at - now));
}

/** How long ago, or how soon, a moment by `Clock.now` is. */
export function agoOf({ now }: Facts, at: number): string {
  return `${spanOf(now - at)} ago`;
}

export function spanUntil({ now }: Facts, at: number): string {
  return spanOf(at - now);
}

interface FoundAgainst {
  readonly down: DownServer | undefined;
  readonly watched: WatchedServer | undefined;
  readonly penalty: PenalisedServer | undefined;
}

/** What was found against a listed server; `undefined`: nothing. */
export function foundAgainst({ view }: Facts, key: string): FoundAgainst {
  return {
    down: view.down.find((server) => server.key === key),
    watched: view.watched.find((server) => server.key === key),
    penalty: view.penalised.find((server) => server.key === key),
  };
}

/** Keys of the servers that are believed to be down now: what a watch sees counts before what was found. */
export function downNow({ view }: Facts): ReadonlySet<string> {
  const down = new Set(view.down.filter(({ isInThisPass }) => isInThisPass).map(({ key }) => key));
  for (const { key, phase } of view.watched) {
    if (phase === "down") {
      down.add(key);
    } else {
      down.delete(key);
    }
  }
  return down;
}
