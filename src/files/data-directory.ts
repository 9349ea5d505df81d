/** The directory for what outlives the process. */

import { accessSync, chmodSync, constants, mkdirSync, statSync } from "node:fs";
import { systemReason } from "../core/system-reason.ts";
import { FileError } from "./regular-file.ts";

const OWNER_ONLY = 0o700;

/**
 * Makes it for its owner alone, whatever the umask; one that is there stays as it is. Returns its mode when others have
 * rights in it.
 * @throws FileError when it can't be had, or not be written: that must show at the start, not at the first write. But a
 * disk that became read-only is no mistake of the configuration, and what is there can be read.
 */
export function prepareDataDirectory(path: string): { readonly widerMode?: string } {
  try {
    if (mkdirSync(path, { recursive: true, mode: OWNER_ONLY }) !== undefined) {
      chmodSync(path, OWNER_ONLY);
    }
    requireWritable(path);
    const mode = statSync(path).mode & 0o7777;
    return (mode & 0o077) === 0 ? {} : { widerMode: mode.toString(8).padStart(4, "0") };
  } catch (error) {
    throw new FileError(codeOf(error) === "EEXIST" ? "no directory" : systemReason(error), { cause: error });
  }
}

function requireWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    if (codeOf(error) !== "EROFS") {
      throw error;
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
