import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/**
 * An answering thread that loads, and then waits for what it is to serve: `Serve` is its first message. Whoever has no
 * use for it need not end it: alone it keeps no process.
 */
export function startThread(): Worker {
  // The extension is that of this file: `.ts` from the sources, `.js` when built.
  const url = new URL(`./thread/worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(url, { name: "dns", execArgv: [] });
  worker.unref();
  // Of one that nobody uses yet; whoever does listens, too.
  return worker.on("error", () => undefined);
}

/** Whether it died before it was used. */
export function hasEnded(worker: Worker): boolean {
  return worker.threadId === -1;
}
