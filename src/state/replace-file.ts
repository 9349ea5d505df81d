/** Puts a file in the place of another, so that whoever reads finds the old one or the new one, whole. */
import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

const OWNER_ONLY = 0o600;

/** The name under which a file is written before it takes its place. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}-${randomUUID()}.tmp`;
}

/** Whether a writer of this file left it behind. */
export function isTemporaryName(name: string, ofName: string): boolean {
  return name.startsWith(`${ofName}.`) && name.endsWith(".tmp");
}

/**
 * Both the bytes and the name are on the disk when it resolves. Source: rename(2), and write-file-atomic#64 for the
 * directory, without which a power failure may bring back the old name.
 * @throws Error of the file system; the old file is there then, and no other is left.
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, "wx", OWNER_ONLY);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
