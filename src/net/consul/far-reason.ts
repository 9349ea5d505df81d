import { STATUS_CODES } from "node:http";
import type { Quote } from "./quotation.ts";

/** An answer that is no success. */
export interface Refusal {
  readonly status: number;
  readonly body: Buffer | undefined;
  /** Where a redirect points. */
  readonly location: string | undefined;
}

/**
 * Why Consul, or what stands before it, refused: its own sentence, as in `Consul answers 403: Permission denied: token
 * with AccessorID '…' lacks permission 'service:read'`. A page is told by its title; without a body there is the
 * status' name.
 */
export function refusalText({ status, body, location }: Refusal, quote: Quote): string {
  const sentence = quote(sentenceIn(body, quote)) || statusName(status, location, quote);
  return `Consul answers ${status}: ${sentence}`;
}

function statusName(status: number, location: string | undefined, quote: Quote): string {
  const name = (STATUS_CODES[status] ?? "no reason given").toLowerCase();
  // What follows the question mark may hold a secret.
  return location === undefined ? name : `${name}, ${quote(location.replace(/[?#].*$/s, ""))}`;
}

/**
 * Bytes of a body in which the sentence is looked for; Consul's longest ones have a few hundred. With a limit, a
 * pattern that goes back from each of n characters takes at most 4,096² / 2 = 8 million steps, some 10 ms.
 */
const LOOKED_AT = 4_096;

function sentenceIn(body: Buffer | undefined, quote: Quote): string {
  const text = quote(body?.toString("utf8") ?? "", LOOKED_AT);
  if (/^[{["]/.test(text)) {
    return sentenceInJson(body) ?? text;
  }
  return text.startsWith("<") ? sentenceInPage(text) : text;
}

/** Keys under which programs say what went wrong, best first. */
const SAID_UNDER = ["error", "errors", "message", "detail", "reason", "description", "title"];

function sentenceInJson(body: Buffer | undefined): string | undefined {
  try {
    return sentenceOf(JSON.parse(body?.toString("utf8") ?? ""));
  } catch {
    return undefined;
  }
}

function sentenceOf(value: unknown): string | undefined {
  if (typeof value === "string") {
    return value;
  }
  if (Array.isArray(value)) {
    return sentenceOf(value[0]);
  }
  const said = Object.entries(value ?? {}).map(([key, part]): [string, unknown] => [key.toLowerCase(), part]);
  const found = SAID_UNDER.map((name) => said.find(([key]) => key === name)?.[1]).find(Boolean);
  return found === undefined ? undefined : sentenceOf(found);
}

function sentenceInPage(page: string): string {
  const title = /<title[^>]*>([^<]+)/i.exec(page)?.[1]?.trim();
  const text = page.replaceAll(/<(script|style)\b.*?<\/\1>|<!--.*?-->|<[^>]*>/gis, " ");
  return title ?? text;
}
