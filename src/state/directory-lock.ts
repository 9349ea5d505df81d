/** One agent at a directory: a file names the process that has it. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryName } from "./replace-file.ts";

/** A process of this boot of the machine: a number alone is used again. */
interface Owner {
  readonly pid: number;
  /** Clock ticks from the boot to its start: field 22 of `/proc/PID/stat`, proc(5). */
  readonly started: string;
  /** `/proc/sys/kernel/random/boot_id`. */
  readonly boot: string;
}

export type LockResult = { readonly release: () => void } | { readonly heldBy: number };

/** Two agents that both find a dead owner's lock: one of them tries again, and finds the other. */
const MOST_TRIES = 5;

/**
 * Takes the directory for this process. What a dead process holds, or one whose number another process has by now, is
 * taken over. Processes of other PID namespaces can't be seen, and count as dead.
 * @throws Error of the file system when no lock can be written.
 */
export function lockDirectory(directory: string): LockResult {
  const path = join(directory, "agent.lock");
  const own = ownerOf(process.pid);
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (own === undefined || take(path, own)) {
      return {
        release: () => {
          release(path, own);
        },
      };
    }
    const text = readLock(path);
    const owner = text === undefined ? undefined : parsedOwner(text);
    if (owner !== undefined && isAlive(owner)) {
      return { heldBy: owner.pid };
    }
    if (text !== undefined) {
      removeDead(path, text);
    }
  }
  throw new Error("others take it over all the time");
}

/** With its contents from the first moment on: an empty lock would name nobody. */
function take(path: string, owner: Owner): boolean {
  const temporary = temporaryName(path);
  try {
    writeFileSync(temporary, `${JSON.stringify(owner)}\n`, { mode: 0o600, flag: "wx" });
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Only the lock that was read: another one, taken meanwhile, is put back. */
function removeDead(path: string, text: string): void {
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readLock(aside) !== text) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one has it by now.
    }
  }
  rmSync(aside, { force: true });
}

function release(path: string, own: Owner | undefined): void {
  try {
    const text = readLock(path);
    const owner = text === undefined ? undefined : parsedOwner(text);
    if (owner !== undefined && own !== undefined && isSame(owner, own)) {
      rmSync(path, { force: true });
    }
  } catch {
    // The next one sees that the owner is dead.
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parsedOwner(text: string): Owner | undefined {
  try {
    const { boot, pid, started } = JSON.parse(text) as Partial<Owner>;
    return Number.isSafeInteger(pid) && typeof started === "string" && typeof boot === "string"
      ? { pid: pid as number, started, boot }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  const now = ownerOf(owner.pid);
  return now !== undefined && isSame(now, owner);
}

function isSame(one: Owner, other: Owner): boolean {
  return one.pid === other.pid && one.started === other.started && one.boot === other.boot;
}

/** `undefined`: there is no such process, or no `/proc` to see it in. */
function ownerOf(pid: number): Owner | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the program, in brackets, may have spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "", started = ""] = [fields[0], fields[19]];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return state === "Z" ? undefined : { pid, started, boot };
  } catch {
    return undefined;
  }
}
