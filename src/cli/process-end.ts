/** The end of the process, which nothing may hold. */
import { printable } from "../core/printable.ts";
import { LineQueue, writerOf } from "../log/line-queue.ts";
import { patientDescriptor } from "../log/patient-descriptor.ts";
import { systemClock } from "../system-ports.ts";

/** The process is gone 2 s after the signal, also on a busy machine: what the end itself takes is 0.1 s. */
const END_DEADLINE_MS = 1_200;

/** When all else has ended, for the log's last lines: a reader that is merely slow empties a full pipe within this. */
const LAST_LINES_MS = 300;

/** A line to a standard error that takes lines is written within a millisecond. */
const LAST_WORD_MS = 100;

/**
 * Ends with this code at the deadline after the signal that came now, or soon after `work` is done, and says what it
 * left behind. A process that has nothing to do any more ends earlier.
 */
export function endByDeadline(code: number, work: Promise<void>, leftovers: () => readonly string[]): void {
  const begin = performance.now();
  const endNow = () => {
    const left = [...leftovers(), ...openResources()].join(", ");
    const ms = Math.round(performance.now() - begin);
    sayLast(`ended ${ms} ms after the signal with this left undone: ${left}`);
    endAfterLastWords(code);
  };
  const deadline = setTimeout(endNow, END_DEADLINE_MS).unref();
  void work.then(() => {
    clearTimeout(deadline);
    setTimeout(endNow, LAST_LINES_MS).unref();
  });
}

/** Ends with this code as soon as the lines just written had the time to get out. */
export function endAfterLastWords(code: number): void {
  setTimeout(() => {
    endAtOnce(code);
  }, LAST_WORD_MS);
}

/**
 * Ends the process, whatever its threads do. `process.exit` joins Node's thread pool: a name look-up or a write to a
 * dead disk holds it for as long as the system does. A process that becomes another program loses all its threads at
 * once, so it becomes a Node that ends with this code.
 */
export function endAtOnce(code: number): never {
  const node = process.platform === "linux" ? "/proc/self/exe" : process.execPath;
  try {
    process.execve?.(node, [process.execPath, "--eval", `process.exit(${code})`], {});
  } catch {
    // Not allowed under Node's permission model.
  }
  process.exit(code);
}

/** Node's names for what keeps the process: `GetAddrInfoReqWrap` looks up a name, `FSReqCallback` is about a file. */
function openResources(): readonly string[] {
  const always = ["PipeWrap", "TTYWrap", "Timeout"];
  return [...new Set(process.getActiveResourcesInfo())].filter((kind) => !always.includes(kind));
}

/** Our own stack traces have the longest lines. */
const LONGEST_LAST_WORD = 1_000;

/** On standard error, without a wait for whoever reads it; each text is one line, whatever it holds. */
export function sayLast(...texts: readonly string[]): void {
  const lines = texts.map((text) => printable(text, LONGEST_LAST_WORD));
  const write = writerOf(patientDescriptor(process.stderr));
  new LineQueue({ write, clock: systemClock, tellLost: () => undefined }).write(
    `headwaiter: ${lines.join("\n")}\n`,
  );
}
