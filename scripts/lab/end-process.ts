import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/**
 * Sends the signal, and resolves when the process has ended; at once when it has already, of itself or by any signal.
 */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}
