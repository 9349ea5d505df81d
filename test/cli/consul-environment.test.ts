import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scriptedServer } from "../support/scripted-server.ts";

const PROGRAM = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const QUIET = ["--dns-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];

/** A record of TLS begins with this byte: a handshake. Source: RFC 8446 §5.1. */
const HANDSHAKE = 0x16;

test("with CONSUL_HTTP_SSL the program says nothing to Consul in clear text, whatever scheme the address has", async (t) => {
  const first = Promise.withResolvers<Buffer>();
  const server = await scriptedServer(t, (socket) => {
    socket.once("data", first.resolve);
  });
  const environment = {
    CONSUL_HTTP_SSL: "true",
    CONSUL_HTTP_ADDR: `http://${server.endpoint.key}`,
    CONSUL_HTTP_TOKEN: "secret",
  };
  const child = spawn(process.execPath, [PROGRAM, "agent", ...QUIET], {
    env: environment,
    stdio: "ignore",
    timeout: 60_000,
  });
  const ended = once(child, "exit").then(() => {
    throw new Error("the agent ended before it asked Consul");
  });
  const bytes = await Promise.race([first.promise, ended]);
  assert.equal(bytes[0], HANDSHAKE);
  assert.ok(!bytes.includes("secret"));
  child.kill("SIGKILL");
  await ended.catch(() => undefined);
});
