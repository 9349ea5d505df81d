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
  collector()({ type: "major", execution: "sync", flavor: "last-resort" });
}

/**
 * The function that V8 keeps for tests: contexts that are made while the flag is set have it. The flag is one of the
 * whole process, and while it differs from what Node was built with, Node takes none of its own modules' code from
 * where it was compiled before: 20 ms for those of the agent.
 */
function collector(): Collect {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc") as Collect;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
