/**
 * What `npm pack` ships: built, packed, and used by a small consumer that has only the package and its dependencies.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
  bin: Record<string, string>;
};

let folder = "";
let project = "";
let packed: string[] = [];

/** Builds and packs a copy, so that no other test's `dist` is touched; with files that must not be shipped. */
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "pack-"));
  project = join(folder, "project");
  mkdirSync(project);
  for (const name of [
    "package.json",
    "package-lock.json",
    "LICENSE",
    "README.md",
    "tsconfig.json",
    ".config",
    "src",
    "test",
    "scripts",
    "docs",
  ]) {
    cpSync(join(root, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, ".env"), "TOKEN=x\n");
  await run(join(project, "scripts/build"));
  const flags = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await run("npm", flags, { cwd: project });
  const [archive] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = archive.files.map(({ path }) => path);
  const modules = join(folder, "consumer/node_modules");
  mkdirSync(join(modules, "@types"), { recursive: true });
  await run("tar", ["-xzf", join(folder, archive.filename), "-C", modules]);
  await run("mv", [join(modules, "package"), join(modules, "headwaiter")]);
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("the package holds the compiled program, its manifest, licence and README, and nothing else", () => {
  const others = packed.filter(
    (path) => !/^dist\/.+\.(js|js\.map|d\.ts)$/.test(path) && !path.startsWith("dist/ui/"),
  );
  assert.deepEqual(others.toSorted(), ["LICENSE", "README.md", "dist/LICENCES.txt", "package.json"]);
  assert.deepEqual(
    packed.filter((path) => path.startsWith("dist/ui/")).toSorted(),
    ["index.html", "page.css", "page.css.gz", "page.js", "page.js.gz"].map((file) => `dist/ui/${file}`),
  );
  for (const path of ["dist/index.js", "dist/index.d.ts", ...Object.values(manifest.bin)]) {
    assert.ok(packed.includes(path), path);
  }
});

test("source maps name the files of src that the program was made of", () => {
  const maps = packed.filter((path) => path.endsWith(".js.map")).map((path) => join(project, path));
  const sources = maps.flatMap((map) =>
    (JSON.parse(readFileSync(map, "utf8")) as { sources: string[] }).sources
      .filter((source) => source.startsWith(".") && !source.includes("node_modules/"))
      .map((source) => join(dirname(map), source)),
  );
  assert.ok(sources.includes(join(project, "src/cli/main.ts")));
  assert.deepEqual(
    sources.filter((source) => !existsSync(source)),
    [],
  );
});

test("the program needs no other package, and names those that are in it", async () => {
  const alone = join(folder, "alone");
  cpSync(join(folder, "consumer/node_modules/headwaiter/dist"), join(alone, "dist"), { recursive: true });
  writeFileSync(join(alone, "agent.yaml"), "datacenter: dc7\n");
  const program = join(alone, manifest.bin["headwaiter"] ?? "");
  const { stdout } = await run(process.execPath, [program, "validate", "--config", "agent.yaml"], {
    cwd: alone,
  });
  assert.match(stdout, /dc7/);
  const thread = readFileSync(join(alone, "dist/cli/thread/worker.js"), "utf8");
  assert.doesNotMatch(thread, /http2/, "all of dns2 is in it");
  const licences = readFileSync(join(alone, "dist/LICENCES.txt"), "utf8");
  for (const name of [...Object.keys(manifest.dependencies), "preact"]) {
    assert.match(licences, new RegExp(`^${name} [0-9.]+, `, "m"));
  }
});

test("a consumer imports it and uses it, with nothing but its dependencies", async () => {
  const consumer = join(folder, "consumer");
  writeFileSync(
    join(consumer, "use.mjs"),
    `import { EndpointError, parseRpcAddr, RpcProxy, ServerEndpoint } from "headwaiter";
     const proxy = new RpcProxy({ pinger: { ping: async () => {} } },
       { region: "global", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 });
     const added = await proxy.addPrimaryServer("10.0.0.1");
     await proxy.addPrimaryServer("127.0.0.1:1");
     const failed = await proxy.addPrimaryServer("host:").catch((error) => error);
     proxy.notifyFailedServer(added);
     await proxy.rebalanceServers();
     console.log(JSON.stringify([added instanceof ServerEndpoint, failed instanceof EndpointError, failed.code,
       proxy.numServers(), parseRpcAddr("::1").port]));`,
  );
  const { stdout } = await run(process.execPath, ["use.mjs"], { cwd: consumer });
  assert.deepEqual(JSON.parse(stdout), [true, true, "port-missing", 2, 4647]);
});

test("a consumer's strict type check takes the declarations, and sees a wrong use", async () => {
  const consumer = join(folder, "consumer");
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    join(consumer, "use.ts"),
    `import { type Change, type Pinger, RpcProxy, type ServerEndpoint, type Snapshot } from "headwaiter";
     const pinger: Pinger = { ping: (server, { region, apiMajorVersion, signal }) =>
       signal.aborted ? Promise.reject(new Error(server.key)) : Promise.resolve() };
     const proxy = new RpcProxy({ pinger }, { region: "r", datacenter: "d", rpcMajorVersion: 1, rpcMinorVersion: 1 });
     const head: ServerEndpoint | undefined = proxy.findServer();
     const stop: () => void = proxy.subscribe((next: Snapshot, previous: Snapshot) => { next.cause; previous.order.size; });
     const changes: readonly Change[] = proxy.history();
     export const isRotated: boolean = head !== undefined && proxy.notifyFailedServer(head);
     export const all = [stop, changes];
     // @ts-expect-error: servers are frozen
     proxy.snapshot().servers.push(head);
     // @ts-expect-error: a pinger is required
     new RpcProxy({}, { region: "r", datacenter: "d", rpcMajorVersion: 1, rpcMinorVersion: 1 });`,
  );
  const flags = ["--noEmit", "--strict", "--target", "es2024", "--module", "nodenext", "--types", "node"];
  const { stdout } = await run(process.execPath, [tsc, ...flags, "use.ts"], { cwd: consumer });
  assert.equal(stdout, "");
});
