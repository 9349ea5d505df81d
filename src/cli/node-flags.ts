/** Imported first: flags that Node takes only when a process begins. The process becomes the same program with them. */
import { isWatchedByNode } from "./watched-by-node.ts";

/**
 * Megabytes that new objects may fill before old ones are looked through, half of what V8 reserves for them. V8's own
 * limit is 64: it fills them sooner or later, whatever there is to keep, and an agent with 4,000 servers that are down
 * took 258 MB instead of 185.
 */
const YOUNG_HEAP = "--max-semi-space-size=16";

/** At USR1 Node opens its debugger on a port, from before the first line of the program on. */
const NO_DEBUGGER = "--disable-sigusr1";

function isSet(flag: string): boolean {
  const [name = flag] = flag.split("=");
  const given = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  return given.some((argument) => argument === name || argument.startsWith(`${name}=`));
}

const wanted = isWatchedByNode() ? [YOUNG_HEAP] : [YOUNG_HEAP, NO_DEBUGGER];
const missing = wanted.filter((flag) => !isSet(flag));

if (process.platform === "linux" && process.argv.includes("agent") && missing.length > 0) {
  const [, ...program] = process.argv;
  try {
    const args = [process.execPath, ...missing, ...process.execArgv, ...program];
    process.execve?.("/proc/self/exe", args, process.env);
  } catch {
    // Not allowed under Node's permission model: it runs without the flags.
  }
}
