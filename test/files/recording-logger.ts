import type { Logger } from "../../src/core/ports.ts";

interface Line {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

/** Keeps what it is told. */
export class RecordingLogger implements Logger {
  readonly lines: Line[] = [];

  debug(fields: object, message: string): void {
    this.lines.push({ level: "debug", fields, message });
  }
  info(fields: object, message: string): void {
    this.lines.push({ level: "info", fields, message });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: "warn", fields, message });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: "error", fields, message });
  }

  levels(): readonly string[] {
    return this.lines.map(({ level }) => level);
  }
}
