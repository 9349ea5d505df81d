/** The agent's log on standard output. */
import { type LoggerOptions, type Logger as PinoLogger, pino } from "pino";
import type { Clock, Logger } from "../core/ports.ts";
import { type HeldBack, LineLimit } from "./line-limit.ts";
import { LineQueue, type LostLines, writerOf } from "./line-queue.ts";
import { lineText } from "./line-text.ts";
import { patientDescriptor } from "./patient-descriptor.ts";

export interface LogConfig {
  readonly level: Level;
  readonly format: "json" | "text";
}

/** What the log is written to; it neither waits nor throws. */
interface LineSink {
  write(line: string): void;
}

interface Log {
  readonly logger: LevelLogger;
  /** Lines are of this level and format from now on, also those of children. */
  readonly configure: (config: LogConfig) => void;
  readonly tellLost: (lost: LostLines) => void;
  /** Tells of the lines held back so far; what comes from now on is not held back. */
  readonly close: () => void;
}

/** A log whose lines are safe to show, whatever is logged, and bounded in number. */
export function createLog(config: LogConfig, sink: LineSink, clock: Clock): Log {
  let current = config;
  const settings = {
    level: LEVELS[0],
    base: { name: "agent" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  const destination = {
    write: (line: string) => {
      sink.write(lineText(line, current.format));
    },
  };
  // What the log says of itself is not held back.
  const own = pino({ ...settings, base: { name: "agent.log" } }, destination);
  // As a warning, or at the only level that is shown.
  const warning = () => (current.level === "error" ? "error" : "warn");
  const limit = new LineLimit(clock, ({ lines, like }: HeldBack) => {
    if (like === undefined) {
      own[warning()]({ lines }, `${lines} more lines of many kinds within a minute`);
    } else {
      const level = like.level as LogConfig["level"];
      own[level](
        { lines, part: like.part },
        `${lines} more lines like this within a minute: ${like.message}`,
      );
    }
  });
  return {
    logger: new LevelLogger(
      pino({ ...settings, hooks: { logMethod: heldBackBy(limit) } }, destination),
      () => current.level,
    ),
    configure: (config) => {
      current = config;
    },
    tellLost: ({ lines, since, reason }) => {
      own[warning()]({ lines, since: new Date(since).toISOString(), reason }, "lines of this log were lost");
    },
    close: () => {
      limit.close();
    },
  };
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

type Level = (typeof LEVELS)[number];

/** Its level is that of all children, whenever it is set: pino's own children keep the level that they began with. */
class LevelLogger implements Logger {
  readonly #pino: PinoLogger;
  readonly #level: () => Level;

  constructor(logger: PinoLogger, level: () => Level) {
    this.#pino = logger;
    this.#level = level;
  }

  child(bindings: { readonly name: string }): LevelLogger {
    return new LevelLogger(this.#pino.child(bindings), this.#level);
  }

  debug(fields: object, message: string): void {
    this.#write("debug", fields, message);
  }

  info(fields: object, message: string): void {
    this.#write("info", fields, message);
  }

  warn(fields: object, message: string): void {
    this.#write("warn", fields, message);
  }

  error(fields: object, message: string): void {
    this.#write("error", fields, message);
  }

  #write(level: Level, fields: object, message: string): void {
    if (LEVELS.indexOf(level) >= LEVELS.indexOf(this.#level())) {
      this.#pino[level](fields, message);
    }
  }
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
  return { ...log, unwritten: () => queue.unwritten };
}
