/** A part of a measurement in a process of its own, so that what the others do is not taken for what it measures. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { endProcess } from "./end-process.ts";

export class ForkedPart<Order extends object, Outcome> implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * Runs the file, which calls `carryOut`. Its process has this nice value: 0, as everybody, to 19, who runs when
   * nobody else wants to.
   */
  static start<Order extends object, Outcome>(file: string, nice = 0): ForkedPart<Order, Outcome> {
    const child = fork(fileURLToPath(file));
    setPriority(child.pid ?? 0, nice);
    return new ForkedPart(child);
  }

  /** One at a time. Resolves with what came of it; rejects when the process ends instead. */
  async order(order: Order): Promise<Outcome> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.#child, "exit", { signal }).then(([code]) => {
      throw new Error(`a part of the measurement ended with ${String(code)}`);
    });
    try {
      const outcome = once(this.#child, "message", { signal });
      this.#child.send(order);
      return (await Promise.race([outcome, ended]))[0] as Outcome;
    } finally {
      over.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#child, "SIGKILL");
  }
}

/** In the process itself: what it does for each order. It ends with the process that started it. */
export function carryOut(how: (order: never) => Promise<object>): void {
  process.on("message", (order) => {
    void how(order as never).then((outcome) => process.send?.(outcome));
  });
  process.once("disconnect", () => process.exit());
}
