/** Small files that the configuration names. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { systemReason } from "../core/system-reason.ts";

/** A certificate takes 2 kB, all authorities of Debian together 220 kB; a configuration of 1,000 pools 300 kB. */
export const LARGEST_FILE_BYTES = 1024 * 1024;

/** `message` is the reason alone, such as "no such file": whoever asked names the file. */
export class FileError extends Error {
  override readonly name = "FileError";
}

/**
 * Settles at once: a pipe is not waited for, a device not read to an end that it does not have. Read while we wait, for
 * a file on a disk takes microseconds.
 * @throws FileError
 */
export function readRegularFile(path: string, largestBytes: number = LARGEST_FILE_BYTES): Buffer {
  let descriptor: number | undefined;
  try {
    // Looked at before it is opened, since to open some devices does something; and after, since it may be another by
    // then.
    refuseIrregular(statSync(path));
    const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
    descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    const stats = fstatSync(descriptor);
    refuseIrregular(stats);
    if (stats.size > largestBytes) {
      throw tooLarge(largestBytes);
    }
    return readAll(descriptor, stats.size, largestBytes);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(systemReason(error), { cause: error });
  } finally {
    if (descriptor !== undefined) {
      closeSync(descriptor);
    }
  }
}

/** As text, without a byte order mark. @throws FileError */
export function readTextFile(path: string): string {
  const bytes = readRegularFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FileError("not UTF-8", { cause: error });
  }
}

/** Files of the kernel say that they have no bytes, and one that is written meanwhile has more than it said. */
function readAll(descriptor: number, expectedBytes: number, largestBytes: number): Buffer {
  const pieces: Buffer[] = [];
  for (let length = 0; ; ) {
    const piece = Buffer.alloc(Math.max(expectedBytes - length, 0) + 1_024);
    const read = readSync(descriptor, piece);
    if (read === 0) {
      return Buffer.concat(pieces);
    }
    length += read;
    if (length > largestBytes) {
      throw tooLarge(largestBytes);
    }
    pieces.push(piece.subarray(0, read));
  }
}

function tooLarge(largestBytes: number): FileError {
  return new FileError(`larger than ${largestBytes} bytes`);
}

function refuseIrregular(stats: Stats): void {
  const [, kind] = KINDS.find(([isKind]) => isKind(stats)) ?? [];
  if (!stats.isFile()) {
    throw new FileError(kind ?? "no regular file");
  }
}

const KINDS: readonly (readonly [(stats: Stats) => boolean, string])[] = [
  [(stats) => stats.isDirectory(), "a directory"],
  [(stats) => stats.isFIFO(), "a pipe"],
  [(stats) => stats.isSocket(), "a socket"],
  [(stats) => stats.isCharacterDevice() || stats.isBlockDevice(), "a device"],
];
