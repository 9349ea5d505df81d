/** An explanation for people, in lines: what HTTP gives as text and the command line prints. */
import { rfc3339 } from "../time/rfc3339.ts";
import { spanOf } from "../timeline/words.ts";
import type { DnsAnswer, Explanation, NextEvent, Reason } from "./explanation.ts";
import type { Facts } from "./facts.ts";

/** Width of what a line begins with. */
const LABEL = 9;

export function explanationText(explanation: Explanation, facts: Facts): string {
  const { because, dns, head, limits, next, pool, verdict, what_if: whatIfs } = explanation;
  const title = head === null ? `${verdict}.` : `${head} is the head of ${pool}${sinceText(facts)}.`;
  const lines = [
    title,
    ...because.map(reasonLine),
    ...whatIfs.map((answer) => `${label(answer.if, head)}${answer.text}`),
    ...notChosen(explanation),
    dnsLine(dns),
    ...(next.length === 0 ? [] : [nextLine(next)]),
    ...limits.map(({ text }) => `Note: ${text}`),
  ];
  return `${lines.join("\n")}\n`;
}

function sinceText({ view, wallNow }: Facts): string {
  const at = view.snapshot.headSince?.at ?? wallNow;
  return ` since ${rfc3339(at).slice(11, 19)} (${spanOf(wallNow - at)})`;
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

function dnsLine({ answer, extended_error: extended, question, rcode, ttl_s: ttl }: DnsAnswer): string {
  const said = answer === null ? rcode : `${answer}, TTL ${ttl ?? 0} s`;
  return `DNS            ${question}: ${said}${extended === null ? "" : ` (${extended.text})`}`;
}

function nextLine(next: readonly NextEvent[]): string {
  const soon = next.slice(0, 4).map(({ at, text }) => `${at.slice(11, 19)} ${text}`);
  return `Next           ${soon.join(" · ")}`;
}
