/** Logs to standard output: JSON lines for machines, text for people. */
import { type DestinationStream, type Logger, pino } from "pino";
import type { Clock } from "../core/ports.ts";
import { LineQueue, writerOf } from "./line-queue.ts";
import { patientDescriptor } from "./patient-descriptor.ts";

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

/** What the log is written to; it neither waits nor throws. */
interface LineSink {
  write(line: string): void;
}

function createLogger(config: LogConfig, sink: LineSink): Logger {
  const destination: DestinationStream =
    config.format === "json"
      ? sink
      : {
          write: (line) => {
            sink.write(textOf(JSON.parse(line) as Line));
          },
        };
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

/** The log on standard output. Whatever happens to its reader or its disk, nothing waits for it; what is lost is told later. */
export function standardLog(config: LogConfig, clock: Clock): { logger: Logger; unwritten: () => number } {
  const queue = new LineQueue({
    write: writerOf(patientDescriptor(process.stdout)),
    clock,
    tellLost: ({ lines, since, reason }) => {
      const fields = { name: "agent.log", lines, since: new Date(since).toISOString(), reason };
      // As a warning, or at the only level that is shown.
      logger[config.level === "error" ? "error" : "warn"](fields, "lines of this log were lost");
    },
  });
  const logger = createLogger(config, queue);
  return { logger, unwritten: () => queue.unwritten };
}
