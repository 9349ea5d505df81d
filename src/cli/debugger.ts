import { close, url } from "node:inspector";
import { isWatchedByNode } from "./node-options.ts";

/**
 * Closes the debugger that Node opens on a port at USR1, when that came before the program's first line: from then on
 * `signals.ts` listens. One that was asked for stays. Node opens it twice, the second time in a later turn of the event
 * loop, and so it has to be closed after some.
 */
export function closeDebugger(): void {
  if (!isWatchedByNode() && url() !== undefined) {
    close();
  }
}
