/** One line of the log, as JSON for machines or as text for people. */
import { presentable } from "./presentable.ts";

/** What pino writes; each key once, the later of two. */
export interface Line {
  readonly level: string;
  readonly time: string;
  readonly name: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** A line of twenty lists of twenty texts would have 400,000 characters; real ones have about 300. */
const LONGEST_LINE = 16_384;

/** The line that pino made, safe to show in this format: nothing from outside breaks it, repeats a key or is long. */
export function lineText(pinoLine: string, format: "json" | "text"): string {
  const line = presentable(JSON.parse(pinoLine)) as Line;
  const text = format === "json" ? `${JSON.stringify(line)}\n` : textOf(line);
  if (text.length <= LONGEST_LINE) {
    return text;
  }
  const { level, time, name, msg } = line;
  const rest = { level, time, name, leftOut: `fields of ${text.length} characters`, msg };
  return format === "json" ? `${JSON.stringify(rest)}\n` : textOf(rest);
}

/** `2026-11-22T12:00:00.000Z [WARN]  agent.dns: message: key=value`, as Consul and Nomad write it. */
export function textOf({ level, time, name, msg, ...fields }: Line): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${valueText(value)}`);
  const label = `[${level.toUpperCase()}]`.padEnd(7);
  return `${time} ${label} ${name}: ${msg}${pairs.length === 0 ? "" : `: ${pairs.join(" ")}`}\n`;
}

function valueText(value: unknown): string {
  const plain = errorText(value) ?? value;
  const text = typeof plain === "string" ? plain : JSON.stringify(plain);
  return /^[\w.:/[\]-]+$/.test(text) ? text : JSON.stringify(text);
}

function errorText(value: unknown): string | undefined {
  return typeof value === "object" && value !== null && "message" in value
    ? String(value.message)
    : undefined;
}
