/** How a command ends that is not the agent. Loads nothing of the agent, unless a fault of our own ends it. */
import { constants } from "node:os";
import { CommanderError } from "commander";
import { messageOf } from "../core/message-of.ts";
import { printable } from "../core/printable.ts";
import { CommandFailure, EXIT } from "./command-failure.ts";

/** About an address, or the agent's own words. */
const LONGEST_LINE = 1_000;

/** Says why on standard error and, where the command line asks for JSON, as one document on standard output. */
export async function endWithFailure(error: unknown, isJson: boolean): Promise<void> {
  if (error instanceof CommanderError) {
    // Help and the version were asked for; complaints are written already.
    process.exitCode = error.exitCode;
    if (error.exitCode !== 0) {
      tellPrograms(isJson, withoutValues(error.message), "bad-use");
    }
  } else if (error instanceof CommandFailure) {
    process.exitCode = error.exitCode;
    tellPrograms(isJson, error.message, error.code);
    tellPeople(error.message);
  } else {
    tellPrograms(isJson, messageOf(error), "internal");
    const { failWith } = await import("./failure.ts");
    failWith(error);
  }
}

/** One line on standard error. */
export function tellPeople(text: string): void {
  process.stderr.write(`headwaiter: ${printable(text, LONGEST_LINE)}\n`);
}

function tellPrograms(isJson: boolean, error: string, code: string): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ error: error.trim(), code })}\n`);
  }
}

/** `--token=secret`, which is no option, is told of without the secret. */
export function withoutValues(text: string): string {
  return text.replace(/('--?[\w-]+)=.*'/s, "$1=…'");
}

/** Ends the process at once, with the code that shells give a program that the signal ended: 130 for INT. */
export function endBySignal(signal: NodeJS.Signals): never {
  process.exit(128 + constants.signals[signal]);
}

/** Whoever closes what we print to has read enough: 0. Anything else, such as a full disk, is a failure. */
export function endWhenOutputFails(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") {
      process.exit(EXIT.done);
    }
    tellPeople(`standard output can't be written: ${error.code ?? error.message}`);
    process.exit(EXIT.wrong);
  });
}
