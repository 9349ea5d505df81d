/** The one sentence that the page says first. It has no ages: it changes only when what it says does. */
import type { StateTone } from "../../core/list-words.ts";
import { byNeed, type PageState, selectedPool } from "./page-state.ts";
import type { PoolSummaryReply } from "./replies.ts";
import { rememberedIn } from "./sources.ts";
import { clockText, timeOf } from "./times.ts";

export interface PageVerdict {
  readonly tone: StateTone;
  /** A word for the sign. */
  readonly word: string;
  readonly text: string;
}

export function verdictOf(state: PageState): PageVerdict {
  const { connection, knownAt, pools } = state;
  if (connection.kind === "gone") {
    const since = `${clockText(connection.since, connection.since)} UTC`;
    return {
      tone: "bad",
      word: "no answer",
      text:
        knownAt === undefined
          ? `No answer from the agent since ${since}. Trying again.`
          : `No answer from the agent since ${since}. What is shown was known at ${clockText(knownAt, connection.since)} UTC.`,
    };
  }
  if (connection.kind === "refused") {
    return { tone: "bad", word: "refused", text: connection.error };
  }
  if (pools === undefined) {
    return { tone: "plain", word: "connecting", text: "Asking the agent …" };
  }
  if (pools.length === 0) {
    return { tone: "warning", word: "no pools", text: "The agent has no pools: nothing is answered." };
  }
  const word = state.status?.state ?? "ok";
  const tone = word === "ok" ? "good" : word === "failing" ? "bad" : "warning";
  return { tone, word, text: poolsInWords(state, pools) };
}

function poolsInWords(state: PageState, pools: readonly PoolSummaryReply[]): string {
  const [only, ...more] = pools;
  if (only !== undefined && more.length === 0) {
    return onlyPoolInWords(state, only);
  }
  const headless = byNeed(pools).filter(({ ready }) => !ready);
  const outage = pools.filter(({ state: found }) => found === "outage");
  const stale = pools.filter(({ state: found }) => found === "stale");
  const sentences = [
    headless.length === 0
      ? `All ${pools.length} pools have a head.`
      : `${headless.length} of ${pools.length} pools ${headless.length === 1 ? "has" : "have"} no head: ${namesOf(headless)}.`,
    ...(outage.length === 0 ? [] : [`No listed server answers in ${namesOf(outage)}.`]),
    ...(stale.length === 0 ? [] : [`Only remembered: ${namesOf(stale)}.`]),
  ];
  return sentences.join(" ");
}

function onlyPoolInWords({ detail }: PageState, pool: PoolSummaryReply): string {
  const shown = detail?.pool.name === pool.name ? detail : undefined;
  const text = shown === undefined ? headInWords(pool) : sentence(shown.explanation.verdict);
  if (pool.state === "outage") {
    return `No listed server of ${pool.name} answers; the order stays. ${text}`;
  }
  const savedAt = timeOf(shown && rememberedIn(shown.pool)?.saved_at);
  return pool.state === "stale"
    ? `The list of ${pool.name} is only remembered${savedAt === undefined ? "" : `, as of ${new Date(savedAt).toISOString().slice(0, 16).replace("T", " ")} UTC`}. ${text}`
    : text;
}

/** What a summary says of the head. */
export function headInWords({ head_address: head, name, state }: PoolSummaryReply): string {
  if (head !== null) {
    return `${head} is the head of ${name}.`;
  }
  return state === "starting"
    ? `${name} has no server yet: its sources have yet to report.`
    : `${name} has no server: no source names one.`;
}

/** A verdict without a head ends without a full stop. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Pools that a sentence names. */
const MOST_NAMED = 5;

function namesOf(pools: readonly { readonly name: string }[]): string {
  const named = pools.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = pools.length - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}

/** The title of the page, which a row of tabs shows: the state as a sign, then the head. */
export function titleOf(state: PageState): string {
  const { tone } = verdictOf(state);
  const sign = { good: "●", warning: "▲", bad: "■", plain: "○" }[tone];
  const name = selectedPool(state);
  const pool = state.pools?.find((each) => each.name === name);
  return pool === undefined
    ? `${sign} headwaiter`
    : `${sign} ${pool.head_address ?? "no head"} · ${pool.name} · headwaiter`;
}
