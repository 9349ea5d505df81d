/** Memory of V8 that a program needs while it is loaded and not afterwards. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (how: {
  readonly type: "major";
  readonly execution: "sync";
  readonly flavor: "last-resort";
}) => void;

/**
 * Lets go of what loading left over in this thread: compiled code that ran once, and objects that nobody has any more.
 * V8 does so when the heap grows; that of a program with little to do does not, for hours. Takes 20 to 60 ms, in which
 * the thread does nothing else.
 */
export function dropLoadingLeftovers(): void {
  // Contexts that are made from now on have the function that V8 keeps for tests; this one is gone with the call.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
