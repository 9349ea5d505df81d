/** The licences of packages whose code is in the program. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `files`: paths below `root` of all that went into the program. @throws when a package has no licence. */
export function licencesOf(root: string, files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => file.match(PACKAGE)?.[0] ?? []));
  const licences = new Set([...folders].map((folder) => licenceIn(join(root, folder))));
  return [...licences].toSorted().join(`\n${"-".repeat(80)}\n\n`);
}

/** The innermost one: a package may hold its own copies of others. */
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

function licenceIn(folder: string): string {
  const { license, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const file = readdirSync(folder).find((candidate) => /^licen[cs]e/i.test(candidate));
  if (license === undefined) {
    throw new Error(`${name} ${version} names no licence: it can't be part of the program`);
  }
  const text = file === undefined ? "" : `\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  return `${name} ${version}, ${license}\n${text}`;
}
