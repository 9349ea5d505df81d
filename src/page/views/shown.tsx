/** Texts, signs and moments: whoever wrote a text, it is shown as text. */
import type { StateTone } from "../../core/list-words.ts";
import { printable } from "../../core/printable.ts";
import { ageText } from "../../core/time/spans.ts";
import { agentClock, useNow } from "../agent-clock.ts";
import { clockText, countdownText, timeOf } from "../model/times.ts";

/** A verdict is some 200 characters. */
const LONGEST_SHOWN = 1_000;

/** A text of others: on its own line of writing, with what nobody sees made visible. */
export function Shown({ text }: { readonly text: string }) {
  return <bdi>{printable(text, LONGEST_SHOWN)}</bdi>;
}

const SHAPES: Readonly<Record<StateTone, string>> = { good: "●", warning: "▲", bad: "■", plain: "○" };

/** Tells tones apart by shape; the text beside it says the same. */
export function Sign({ tone }: { readonly tone: StateTone }) {
  return (
    <span class={`sign ${tone}`} aria-hidden="true">
      {SHAPES[tone]}
    </span>
  );
}

interface TimeProps {
  readonly at: string | null;
}

/** `12:00:04`, in UTC. It does not tick: by the day is near enough for whether the date is shown. */
export function TimeAt({ at }: TimeProps) {
  const now = agentClock.now();
  const time = timeOf(at);
  return time === undefined || at === null ? (
    <span>not known</span>
  ) : (
    <time dateTime={at} title={`${at}, here ${new Date(time).toLocaleString()}`}>
      {clockText(time, now)}
    </time>
  );
}

/** `4 s ago`. */
export function Age({ at }: TimeProps) {
  const now = useNow();
  const time = timeOf(at);
  return time === undefined || at === null ? null : (
    <time dateTime={at} title={at}>
      {ageText(now - time)} ago
    </time>
  );
}

/** `in 41 s`. */
export function Countdown({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={at} class="countdown">
      {countdownText((timeOf(at) ?? now) - now)}
    </time>
  );
}
