import type { Worker } from "node:worker_threads";
import type { Clock } from "../../core/ports.ts";
import type { ToThread } from "./thread-messages.ts";

/** A thread closes its sockets in a few ms; one that is stuck is ended after a second. */
const STOP_DEADLINE_MS = 1000;

/** Tells the thread to stop, and resolves when it has ended. */
export async function ended(worker: Worker, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  worker.once("exit", () => {
    resolve(undefined);
  });
  const cancel = clock.after(STOP_DEADLINE_MS, () => {
    void worker.terminate();
  });
  const stop: ToThread = { kind: "stop" };
  worker.postMessage(stop);
  await promise;
  cancel();
}
