/** The state file in its directory: read once, at the start, before anything is written. */
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../core/message-of.ts";
import { rfc3339 } from "../core/time/rfc3339.ts";
import { FileError, readRegularFile } from "../files/regular-file.ts";
import { isTemporaryName } from "./replace-file.ts";
import type { StateBody } from "./state-body.ts";
import { decodeState, LARGEST_STATE_BYTES } from "./state-format.ts";

const NAME = "state.json";
const BAD = `${NAME}.bad-`;

/** Refused files that are kept for whoever wants to know. */
const BAD_KEPT = 3;

/** What a start finds. `keptAs`: the name that a refused file has now; `undefined`: it could not be renamed. */
export type FoundState =
  | { readonly kind: "none" }
  | { readonly kind: "state"; readonly body: StateBody }
  | { readonly kind: "refused"; readonly reason: string; readonly keptAs: string | undefined };

export function statePath(directory: string): string {
  return join(directory, NAME);
}

/** Never throws. A file that can't be used is renamed. `now`: milliseconds since the Unix epoch. */
export function readState(directory: string, now: number): FoundState {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(statePath(directory), LARGEST_STATE_BYTES);
  } catch (error) {
    return isAbsent(error) ? { kind: "none" } : setAside(directory, messageOf(error), now);
  }
  const decoded = decodeState(bytes);
  return "refused" in decoded ? setAside(directory, decoded.refused, now) : { kind: "state", body: decoded };
}

/** Removes what writers left behind that died while they wrote. Only for the one agent that has the directory. */
export function removeLeftovers(directory: string): void {
  for (const name of namesIn(directory).filter((found) => isTemporaryName(found, NAME))) {
    remove(join(directory, name));
  }
}

function setAside(directory: string, reason: string, now: number): FoundState {
  const stamp = rfc3339(now).replaceAll(/[-:]/g, "");
  const names = new Set(namesIn(directory));
  let name = `${BAD}${stamp}`;
  for (let nth = 2; names.has(name); nth += 1) {
    name = `${BAD}${stamp}-${nth}`;
  }
  try {
    renameSync(statePath(directory), join(directory, name));
  } catch {
    return { kind: "refused", reason, keptAs: undefined };
  }
  const kept = [...names, name].filter((found) => found.startsWith(BAD)).toSorted();
  for (const old of kept.slice(0, -BAD_KEPT)) {
    remove(join(directory, old));
  }
  return { kind: "refused", reason, keptAs: name };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true, recursive: true });
  } catch {
    // Of no harm where it is.
  }
}

function isAbsent(error: unknown): boolean {
  const cause = error instanceof FileError ? error.cause : error;
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
