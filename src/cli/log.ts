/** Logs to standard output: JSON lines for machines, text for people. */
import { type DestinationStream, type Logger, pino } from "pino";

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "json" | "text";
}

interface Line {
  readonly level: string;
  readonly time: string;
  readonly name: string;
  readonly msg: string;
  readonly [key: string]: unknown;
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

export function createLogger(config: LogConfig, output: NodeJS.WritableStream = process.stdout): Logger {
  const destination: DestinationStream =
    config.format === "json"
      ? { write: (line) => void output.write(line) }
      : { write: (line) => void output.write(textOf(JSON.parse(line) as Line)) };
  return pino(
    {
      level: config.level,
      name: "agent",
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  );
}
