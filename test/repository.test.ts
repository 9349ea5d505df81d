/**
 * What the repository itself may not hold: where one machine keeps things, where packages are downloaded from, and
 * pages that name files which are not there.
 */
import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "..");
const NOT_OURS = /^(\.git|node_modules|dist|coverage|.*\.tgz)$/;

/** Paths of all files below, but what is installed and built. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
    });

/** `file:line: text` of each match in files other than the lock file, which is npm's own. */
const found = (pattern: RegExp): string[] =>
  filesBelow(ROOT)
    .filter((file) => !file.endsWith("package-lock.json"))
    .flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, i) =>
          pattern.test(line) ? [`${relative(ROOT, file)}:${i + 1}: ${line.trim()}`] : [],
        ),
    );

test("no file names a path of one machine", () => {
  // `$state/root/` is not such a path: what stands before it makes it another.
  assert.deepEqual(found(/(?<![\w$}.])\/(?:home|root|work)\//), []);
});

test("no file names a host that packages come from", () => {
  assert.deepEqual(found(/\bhttps?:\/\/[^\s"'`/]*(?:registry|npmjs|pypi|docker|debian)[^\s"'`]*/i), []);
});

test("the lock file holds no download address", () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { readonly resolved?: string }>;
  };
  const resolved = Object.entries(packages).filter(([, { resolved: address }]) => address !== undefined);
  assert.deepEqual(resolved, []);
});

test("each file and folder that a page names is there", () => {
  const pages = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })];
  const named = pages.flatMap((page) =>
    [
      ...readFileSync(join(ROOT, page), "utf8").matchAll(
        /(?<![\w./])(?:src|test|integration|scripts|docs|\.config)\/[\w./*-]*[\w/*]/g,
      ),
    ].map(([path]) => ({ page, path })),
  );
  assert.ok(named.length > 20, "the pattern finds paths");
  assert.deepEqual(
    named.filter(({ path }) => globSync(path, { cwd: ROOT }).length === 0),
    [],
  );
});

test("no two files of src export the same name", () => {
  const exported = globSync("src/**/*.{ts,tsx}", { cwd: ROOT, exclude: ["src/index.ts"] }).flatMap((file) =>
    [
      ...readFileSync(join(ROOT, file), "utf8").matchAll(
        /^export (?:async )?(?:class|function\*?|const|interface|type) (\w+)/gm,
      ),
    ].map(([, name = ""]) => ({ file, name })),
  );
  assert.ok(exported.length > 200, "the pattern finds exports");
  const byName = Map.groupBy(exported, ({ name }) => name);
  const twice = [...byName].filter(([, places]) => places.length > 1);
  assert.deepEqual(
    twice.map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(", ")}`),
    [],
  );
});

test("no line of a comment in TypeScript is longer than 120 characters", () => {
  const files = globSync("{src,test,integration,scripts}/**/*.{ts,tsx}", { cwd: ROOT });
  const long = files.flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .flatMap((line, i) =>
        line.length > 120 && /^\s*(?:\/\/|\/\*|\*)/.test(line) ? [`${file}:${i + 1}`] : [],
      ),
  );
  assert.ok(files.length > 400, "the files are found");
  assert.deepEqual(long, []);
});

test("a file of src with more than 250 lines says why", () => {
  const long = globSync("src/**/*.{ts,tsx}", { cwd: ROOT }).filter((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return text.split("\n").length > 251 && !text.includes("More than 250 lines, because");
  });
  assert.deepEqual(long, []);
});
