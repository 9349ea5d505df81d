/** An explanation for people, in lines: what HTTP gives as text and the command line prints. */
import { spanOf } from "../timeline/words.ts";
import type { Explanation, NextEvent, Reason } from "./explanation.ts";

/** Width of what a line begins with. */
const LABEL = 9;

export function explanationText(explanation: Explanation, wallNow: number): string {
  const { because, head, limits, next, pool, verdict, what_if: whatIfs } = explanation;
  const title =
    head === null ? `${verdict}.` : `${head} is the head of ${pool}${sinceText(because[0], wallNow)}.`;
  const lines = [
    title,
    ...because.map(reasonLine),
    ...whatIfs.map((answer) => `${label(answer.if, head)}${answer.text}`),
    ...notChosen(explanation),
    ...(next.length === 0 ? [] : [nextLine(next)]),
    ...limits.map(({ text }) => `Note: ${text}`),
  ];
  return `${lines.join("\n")}\n`;
}

function sinceText(became: Reason | undefined, wallNow: number): string {
  const at = became?.at;
  return at == null ? "" : ` since ${at.slice(11, 19)} (${spanOf(wallNow - millisecondsOf(at))})`;
}

function reasonLine({ code, event, text }: Reason): string {
  const [layer = ""] = code.split(/[-.]/);
  const reference = event === null ? "" : `   [event ${event}]`;
  return `  ${layer.padEnd(LABEL)}${text}${reference}`;
}

function label(question: string, head: string | null): string {
  if (question === "rebalance") {
    return "If rebalanced  ";
  }
  if (question === `fails:${head}`) {
    return "If it fails    ";
  }
  return `If ${question.replace(/^(fails|removed):/, (_, what: string) => `${what} `)}  `;
}

/** Listed servers that a rebalance does not choose now, and why. */
function notChosen({ others }: Explanation): readonly string[] {
  const kept = others.filter(
    ({ position, would_be_head: when }) =>
      position !== null && !when.some(({ chance, if: question }) => question === "rebalance" && chance !== 0),
  );
  return kept
    .slice(0, 5)
    .map(({ address, not_head: why }) => `Not ${address}: ${why.map(({ text }) => text).join("; ")}`);
}

function nextLine(next: readonly NextEvent[]): string {
  const soon = next.slice(0, 4).map(({ at, text }) => `${at.slice(11, 19)} ${text}`);
  return `Next           ${soon.join(" · ")}`;
}

/** The moment of an RFC 3339 time in milliseconds since the Unix epoch. */
function millisecondsOf(at: string): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0] = at.split(/\D/).map(Number);
  // eslint-disable-next-line no-restricted-globals -- it reads a given moment, and no clock
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}
