import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { gzipSync } from "node:zlib";
import { VERSION } from "../../agent/version.ts";
import { systemReason } from "../../core/system-reason.ts";
import { collected } from "../archive/collect.ts";
import { tarOf } from "../archive/tar.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

export interface DebugFlags extends ClientFlags {
  readonly output: string;
}

/** Everything in the archive is in this folder. */
const FOLDER = "headwaiter-debug";

/** Writes all that the agent says of itself into one new file, without secrets. */
export const runDebug: ClientCommand<DebugFlags> = async ({ client, flags, output }) => {
  const { files, missing } = await collected(client);
  const manifest = {
    made_at: new Date().toISOString(),
    made_by: VERSION,
    agent: client.shown,
    node: process.version,
    system: `${process.platform} ${release()}`,
    files: files.map(({ name }) => name),
    missing,
  };
  const content = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  const all = [{ name: "manifest.json", content }, ...files];
  const named = all.map((file) => ({ ...file, name: `${FOLDER}/${file.name}` }));
  const archive = gzipSync(tarOf(named, Date.now()));
  writeNew(flags.output, archive);
  if (output.isJson) {
    output.document({
      file: flags.output,
      bytes: archive.length,
      files: all.map(({ name }) => name),
      missing,
    });
  } else {
    const left = missing.map((line) => `missing  ${line}`);
    output.lines([`${flags.output}: ${all.length} files, ${archive.length} bytes`, ...left]);
  }
  return EXIT.done;
};

/** For its owner alone. A file that is there stays, and so does what a link leads to. */
function writeNew(path: string, content: Buffer): void {
  const descriptor = orRefuse(path, () => openSync(path, "wx", 0o600));
  try {
    orRefuse(path, () => {
      writeFileSync(descriptor, content);
    });
  } catch (error) {
    rmSync(path, { force: true }); // a part of it, on a full disk
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function orRefuse<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    const reason = isThere ? "expected the name of a file that is not there yet" : systemReason(error);
    throw new CommandFailure(EXIT.wrong, "bad-use", `--output: ${path}: ${reason}`, { cause: error });
  }
}
