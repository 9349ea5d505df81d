/** The agent's log on standard output. */
import { type Logger, type LoggerOptions, pino } from "pino";
import type { Clock } from "../core/ports.ts";
import { type HeldBack, LineLimit } from "./line-limit.ts";
import { LineQueue, type LostLines, writerOf } from "./line-queue.ts";
import { lineText } from "./line-text.ts";
import { patientDescriptor } from "./patient-descriptor.ts";

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "json" | "text";
}

/** What the log is written to; it neither waits nor throws. */
interface LineSink {
  write(line: string): void;
}

interface Log {
  readonly logger: Logger;
  readonly tellLost: (lost: LostLines) => void;
  /** Tells of the lines held back so far; what comes from now on is not held back. */
  readonly close: () => void;
}

/** A log whose lines are safe to show, whatever is logged, and bounded in number. */
export function createLog(config: LogConfig, sink: LineSink, clock: Clock): Log {
  const settings = {
    level: config.level,
    base: { name: "agent" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  const destination = {
    write: (line: string) => {
      sink.write(lineText(line, config.format));
    },
  };
  // What the log says of itself is not held back.
  const own = pino({ ...settings, base: { name: "agent.log" } }, destination);
  // As a warning, or at the only level that is shown.
  const warning = config.level === "error" ? "error" : "warn";
  const limit = new LineLimit(clock, ({ lines, like }: HeldBack) => {
    if (like === undefined) {
      own[warning]({ lines }, `${lines} more lines of many kinds within a minute`);
    } else {
      const level = like.level as LogConfig["level"];
      own[level](
        { lines, part: like.part },
        `${lines} more lines like this within a minute: ${like.message}`,
      );
    }
  });
  return {
    logger: pino({ ...settings, hooks: { logMethod: heldBackBy(limit) } }, destination),
    tellLost: ({ lines, since, reason }) => {
      own[warning]({ lines, since: new Date(since).toISOString(), reason }, "lines of this log were lost");
    },
    close: () => {
      limit.close();
    },
  };
}

type LogMethod = NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]>;

function heldBackBy(limit: LineLimit): LogMethod {
  return function (args, method, level) {
    const [{ pool }, message] = args as unknown as [fields: { pool?: string }, message: string];
    const { name } = this.bindings() as { name: string };
    const part = pool === undefined ? name : `${name} ${pool}`;
    if (limit.admits({ level: pino.levels.labels[level] ?? "", part, message })) {
      method.apply(this, args);
    }
  };
}

/** The log on standard output. Nothing waits for its reader or its disk; what is lost is told later. */
export function standardLog(config: LogConfig, clock: Clock) {
  const queue: LineQueue = new LineQueue({
    write: writerOf(patientDescriptor(process.stdout)),
    clock,
    tellLost: (lost) => {
      log.tellLost(lost);
    },
  });
  const log = createLog(config, queue, clock);
  return { logger: log.logger, close: log.close, unwritten: () => queue.unwritten };
}
