/** What is said of a list, its servers and its sources: the command line and the page say the same. */
import { ageText } from "./time/spans.ts";

/** What a colour or a sign says beside the text, which says it too. */
export type StateTone = "good" | "warning" | "bad" | "plain";

export interface Said {
  readonly text: string;
  readonly tone: StateTone;
}

const STATE_TONES: Readonly<Record<string, StateTone>> = { live: "good", outage: "bad", empty: "bad" };

/** Of a pool's state. */
export function toneOfState(state: string): StateTone {
  return STATE_TONES[state] ?? "warning";
}

/** `3 primaries, 1 backup`. */
export function countsInWords(primaries: number, backups: number): string {
  const texts = [
    ...(primaries === 0 ? [] : [counted(primaries, "primary", "primaries")]),
    ...(backups === 0 ? [] : [counted(backups, "backup", "backups")]),
  ];
  return texts.join(", ") || "no servers";
}

function counted(number: number, singular: string, plural: string): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** As people write them. */
const SOURCE_NAMES: Readonly<Record<string, string>> = { consul: "Consul", push: "pushed heartbeat" };

export function sourceInWords(name: string): string {
  return SOURCE_NAMES[name] ?? name;
}

/** What is known of a source; times in milliseconds by one clock, `undefined` where they are not known. */
interface SourceFacts {
  readonly state: string;
  readonly lastSuccess: number | undefined;
  readonly since: number | undefined;
  readonly retry: number | undefined;
  readonly error: string | undefined;
}

/** `4 s ago`, or the word of a failure with how long it lasts and what comes next. */
export function sourceStateInWords(
  { error, lastSuccess, retry, since, state }: SourceFacts,
  now: number,
): { readonly word: string | undefined; readonly rest: string } {
  if (state === "ok") {
    return { word: undefined, rest: lastSuccess === undefined ? "ok" : `${ageText(now - lastSuccess)} ago` };
  }
  if (state === "waiting") {
    return { word: undefined, rest: "has not reported yet" };
  }
  const details = [error, retry === undefined ? undefined : `retry in ${ageText(retry - now)}`].filter(
    (detail) => detail !== undefined,
  );
  const rest = [
    ...(since === undefined ? [] : [ageText(now - since)]),
    ...(details.length === 0 ? [] : [`(${details.join(", ")})`]),
  ];
  return { word: "FAILING", rest: rest.join(" ") };
}

interface ServerFacts {
  readonly isDown: boolean;
  readonly reason: string | undefined;
  /** Of its watch; `undefined`: not watched. */
  readonly phase: string | undefined;
  readonly role: string | undefined;
  readonly since: number | undefined;
}

/** `standby, up 4 min`, `down: connection refused`, `not watched`. */
export function serverStateInWords({ isDown, phase, reason, role, since }: ServerFacts, now: number): Said {
  if (reason !== undefined || isDown || phase === "down") {
    return { text: reason === undefined ? "down" : `down: ${reason}`, tone: "bad" };
  }
  if (phase === undefined) {
    return { text: "not watched", tone: "plain" };
  }
  const span = phase !== "up" || since === undefined ? phase : `up ${ageText(now - since)}`;
  const text = role === "standby" ? `standby, ${span}` : span;
  return { text, tone: phase === "up" ? "good" : "warning" };
}

/** `not chosen for 41 s`; empty when the penalty is over. */
export function penaltyInWords(until: number | undefined, now: number): string {
  return until === undefined || until <= now ? "" : `not chosen for ${ageText(until - now)}`;
}
