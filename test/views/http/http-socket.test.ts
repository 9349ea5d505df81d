/** HTTP on a unix socket: who gets in, and what becomes of the file. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { get, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, suite, test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import type { PoolApi } from "../../../src/views/http/http-api.ts";
import { HttpListenError } from "../../../src/views/http/http-listener.ts";
import { HttpServer } from "../../../src/views/http/http-server.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import { httpOptions, unwatchedView } from "../../support/http-fixtures.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-socket-"));
const socket = join(directory, "agent.sock");
const servers: HttpServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(socket, { force: true });
});
after(() => {
  rmSync(directory, { recursive: true });
});

function serverOn(path = socket, mode = 0o660): HttpServer {
  const server = new HttpServer(httpOptions({ address: { socket: path, mode } }));
  servers.push(server);
  return server;
}

function statusOf(path: string, headers = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ socketPath: path, path: "/v1/agent/health", headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}

/** The file that a process leaves which is killed while it listens. */
function leaveBehind(path: string): void {
  const program = `
    require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"));`;
  spawnSync(process.execPath, ["--eval", program]);
  assert.ok(lstatSync(path).isSocket(), "it is left behind");
}

function refuses(server: HttpServer, reason: string, path = socket): Promise<void> {
  return assert.rejects(server.start(), new HttpListenError(`http: unix:${path}: ${reason}`));
}

suite("HTTP on a unix socket", () => {
  test("answers, tells its place, has no port, and takes its file away", async () => {
    const server = serverOn();
    assert.equal(server.place(), undefined);
    await server.start();
    assert.equal(await statusOf(socket), 200);
    assert.deepEqual(server.place(), { socket });
    assert.equal(server.address(), undefined);
    await server.stop();
    assert.equal(existsSync(socket), false);
  });

  for (const mode of [0o600, 0o660, 0o666]) {
    test(`has the mode ${mode.toString(8)}, whatever the umask`, async () => {
      const umask = process.umask(0o077);
      await serverOn(socket, mode)
        .start()
        .finally(() => process.umask(umask));
      assert.equal(lstatSync(socket).mode & 0o777, mode);
    });
  }

  test("refuses other host names here, too", async () => {
    await serverOn().start();
    assert.equal(await statusOf(socket, { host: "evil.example" }), 403);
  });

  test("counts the reports of each client for itself, which its address can't tell apart", async () => {
    const sources: string[] = [];
    const proxy = new RpcProxy(fakePorts(), CONFIG);
    const web: PoolApi = {
      proxy,
      isReady: () => true,
      listState: () => "live",
      warnings: () => [],
      view: () => unwatchedView("web", proxy),
      report: ({ source }) => {
        sources.push(source);
        return Promise.resolve({
          kind: "answered",
          verdict: "noted",
          text: "",
          checkedMs: undefined,
          head: undefined,
        });
      },
    };
    const server = new HttpServer(
      httpOptions({ address: { socket, mode: 0o600 }, pools: new Map([["web", web]]) }),
    );
    servers.push(server);
    await server.start();
    for (const body of ['{"client":"web-7"}', '{"client":"web-8"}', "{}"]) {
      const path = "/v1/pools/web/servers/127.0.0.1:1/failed";
      const headers = { "content-type": "application/json" };
      const sent = request({ socketPath: socket, path, method: "POST", headers, agent: false }).end(body);
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      assert.equal(response.statusCode, 202);
    }
    assert.deepEqual(sources, ["unix web-7", "unix web-8", "unix unnamed"]);
  });

  test("takes the place of a socket that a killed process left behind", async () => {
    leaveBehind(socket);
    await serverOn().start();
    assert.equal(await statusOf(socket), 200);
  });

  test("leaves a socket alone that somebody listens on", async () => {
    await serverOn().start();
    const { ino } = lstatSync(socket);
    await refuses(serverOn(), "address already in use");
    assert.equal(lstatSync(socket).ino, ino);
    assert.equal(await statusOf(socket), 200);
  });

  test("leaves one alone whose listener is too busy to take a connection", async () => {
    // A backlog of 1 that nobody empties: SIGSTOP would do the same to an agent.
    const program = `
      const server = require("node:net").createServer();
      server.listen({ path: ${JSON.stringify(socket)}, backlog: 1 }, () => {
        process.stdout.write("listening");
        process.kill(process.pid, "SIGSTOP");
      });`;
    const child = spawn(process.execPath, ["--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const before = lstatSync(socket).ino;
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await refuses(serverOn(), "address already in use");
    }
    assert.equal(lstatSync(socket).ino, before);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
  });

  const others: [string, (path: string) => void][] = [
    [
      "a file",
      (path) => {
        writeFileSync(path, "kept");
      },
    ],
    [
      "a directory",
      (path) => {
        mkdirSync(path);
      },
    ],
    [
      "a link, whatever it leads to",
      (path) => {
        symlinkSync(join(directory, "elsewhere"), path);
      },
    ],
  ];
  for (const [what, make] of others) {
    test(`does not touch ${what}`, async () => {
      make(socket);
      const before = lstatSync(socket);
      await refuses(serverOn(), "expected a path where nothing is, or a socket that nobody listens on");
      assert.equal(lstatSync(socket).ino, before.ino);
      if (before.isFile()) {
        assert.equal(readFileSync(socket, "utf8"), "kept");
      }
      rmSync(socket, { recursive: true });
    });
  }

  test("names a directory that is not there", async () => {
    const path = join(directory, "absent", "agent.sock");
    await refuses(serverOn(path), "expected its directory to be there", path);
  });
});
