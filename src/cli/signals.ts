/** Signals, from the first line of the program on. Imports nothing heavy: it is in place before the rest is loaded. */

import { isWatchedByNode } from "./node-options.ts";

/** Each ends a program that does not listen. Missing: KILL, and those that tell a program of its own fault. */
const ENDING = [
  ...["SIGINT", "SIGTERM", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU"],
  ...["SIGIO", "SIGPWR", "SIGSTKFLT"],
] as readonly NodeJS.Signals[];

/**
 * Without a listener USR1 would have Node open its debugger on a port. Node itself ignores PIPE and XFSZ: a write fails
 * instead.
 */
const OTHERS: readonly NodeJS.Signals[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];

export type SignalReceiver = (signal: NodeJS.Signals) => void;

export function endsProgram(signal: NodeJS.Signals): boolean {
  return ENDING.includes(signal);
}

/** Listens to all signals that can be heard. What comes before there is a receiver waits for it, each signal once. */
export class Signals {
  readonly #waiting = new Set<NodeJS.Signals>();
  #receiver: SignalReceiver = (signal) => this.#waiting.add(signal);

  listen(): void {
    const nodesOwn: readonly NodeJS.Signals[] = isWatchedByNode() ? ["SIGUSR1", "SIGPROF"] : [];
    for (const signal of [...ENDING, ...OTHERS].filter((candidate) => !nodesOwn.includes(candidate))) {
      process.on(signal, () => {
        this.#receiver(signal);
      });
    }
  }

  /** From now on these go there, those that wait first. */
  sendTo(receiver: SignalReceiver): void {
    this.#receiver = receiver;
    for (const signal of this.#waiting) {
      this.#waiting.delete(signal);
      receiver(signal);
    }
  }
}
