/** The demo's Consul as a program on the PATH, and one that was there before: both stand-ins. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { startDemoConsul } from "../../scripts/demo-consul.ts";
import { CommandFolder } from "./command-folder.ts";

const environment = { ...process.env };
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "demo-consul-"));
});

afterEach(() => {
  process.env = { ...environment };
  rmSync(folder, { recursive: true });
});

suite("a program", () => {
  const started = () =>
    JSON.parse(readFileSync(join(folder, "started"), "utf8")) as { pid: number; flags: string[] };

  /** A `consul` that has a leader at once; its help names what it is given. */
  const standConsul = (help: string): void => {
    writeFileSync(
      join(folder, "consul.mjs"),
      `import { writeFileSync } from "node:fs";
       import { createServer } from "node:http";
       const flags = process.argv.slice(2);
       writeFileSync("${folder}/started", JSON.stringify({ pid: process.pid, flags }));
       const port = Number(flags.find((flag) => flag.startsWith("-http-port=")).split("=")[1]);
       createServer((_, reply) => reply.end('"127.0.0.1:8300"')).listen(port, "127.0.0.1");`,
    );
    const commands = new CommandFolder(join(folder, "bin"), "bash env");
    const run = `exec ${process.execPath} ${folder}/consul.mjs "$@"`;
    commands.stand("consul", `case "$*" in *-help*) echo "${help}" >&2; exit 1 ;; esac\n${run}`);
    process.env["PATH"] = commands.path;
  };

  test("that is killed from outside needs no ending", async () => {
    standConsul("-http-port=<value>");
    const consul = await startDemoConsul("program");
    const { pid, flags } = started();
    assert.ok(!flags.some((flag) => flag.startsWith("-grpc-tls-port")));
    process.kill(pid, "SIGKILL");
    while (isAlive(pid)) {
      await new Promise(setImmediate);
    }
    await consul.stop();
  });

  test("that has a port for gRPC over TLS is given one of its own", async () => {
    standConsul("-grpc-tls-port=<value>");
    const consul = await startDemoConsul("program");
    await consul.stop();
    const { pid, flags } = started();
    assert.ok(!isAlive(pid));
    assert.ok(flags.some((flag) => /^-grpc-tls-port=\d+$/.test(flag)));
    const ports = flags.filter((flag) => flag.includes("-port=")).map((flag) => flag.split("=")[1]);
    assert.equal(new Set(ports).size, 7);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

suite("one that was there before", () => {
  let server: Server;
  let requests: { readonly path: string; readonly token: string | undefined; readonly body: string }[];
  let refused = "";

  beforeEach(async () => {
    requests = [];
    refused = "";
    server = createServer((request, reply) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        requests.push({
          path: request.url ?? "",
          token: request.headers["x-consul-token"]?.toString(),
          body,
        });
        reply.writeHead(refused !== "" && body.includes(refused) ? 403 : 200).end();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    process.env["CONSUL_HTTP_ADDR"] = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.close();
  });

  const register = async () => {
    const consul = await startDemoConsul("given");
    const name = { service: "headwaiter-demo", tag: "demo-7" };
    return await consul.register(["127.0.0.1:1001", "127.0.0.1:1002"], name);
  };
  const paths = () => requests.map(({ path }) => path.replace("/v1/agent/service/", ""));

  test("is told the service's name and tag, and gets its services taken out again", async () => {
    const deregister = await register();
    const [first] = requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    assert.deepEqual(
      [first?.["Name"], first?.["Tags"], first?.["Port"]],
      ["headwaiter-demo", ["demo-7"], 1001],
    );
    await deregister();
    const out = ["deregister/headwaiter-demo-1001", "deregister/headwaiter-demo-1002"];
    assert.deepEqual(paths(), ["register", "register", ...out]);
  });

  test("keeps no server when it refuses one", async () => {
    refused = "1002";
    await assert.rejects(register(), /answers 403 to \/v1\/agent\/service\/register$/);
    assert.deepEqual(paths(), ["register", "register", "deregister/headwaiter-demo-1001"]);
  });

  test("gets the token of the environment, and rather that of the file which it names", async () => {
    process.env["CONSUL_HTTP_TOKEN"] = "from-variable";
    await (await register())();
    assert.deepEqual(new Set(requests.map(({ token }) => token)), new Set(["from-variable"]));
    writeFileSync(join(folder, "token"), "from-file\n");
    process.env["CONSUL_HTTP_TOKEN_FILE"] = join(folder, "token");
    requests = [];
    await (await register())();
    assert.deepEqual(new Set(requests.map(({ token }) => token)), new Set(["from-file"]));
  });
});
