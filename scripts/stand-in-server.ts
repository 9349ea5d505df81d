/**
 * A stand-in Nomad server as a process of its own, to be killed or stopped:
 *
 *     node scripts/stand-in-server.ts [--listen 127.0.0.1:0] [--view JSON] [--stdin]
 *
 * Prints one line of JSON, `{"address":"127.0.0.1:40123","pid":4711}`, when it listens. `--view` is what it knows (any
 * part of StandInView). With `--stdin` each line it reads is JSON `{"view":{…}}` or `{"fault":{…}}`, answered by the
 * line `{"ok":true}`, and the process ends with its input, so that it never outlives who started it.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { parseRpcAddr } from "../src/core/rpc-addr.ts";
import { StandInServer } from "../src/dev/stand-in-server.ts";
import type { StandInFault } from "../src/dev/stand-in-session.ts";
import type { StandInView } from "../src/dev/stand-in-view.ts";

interface Order {
  readonly view?: Partial<StandInView>;
  readonly fault?: StandInFault;
}

function fail(message: string): never {
  console.error(`stand-in-server: ${message}`);
  process.exit(2);
}

function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail(`${what}: expected JSON, got ${text}`);
  }
}

function parseListen(text: string): { host: string; port: number } {
  // Port 0 is no server's address, but here it asks for any free one.
  const anyPort = text.endsWith(":0");
  try {
    const { host, port } = parseRpcAddr(anyPort ? text.slice(0, -2) : text);
    return { host, port: anyPort ? 0 : port };
  } catch (error) {
    return fail(`--listen: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseFlags() {
  try {
    return parseArgs({
      options: {
        listen: { type: "string", default: "127.0.0.1:0" },
        view: { type: "string", default: "{}" },
        stdin: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const values = parseFlags();
const server = new StandInServer({
  ...parseListen(values.listen),
  view: parseJson("--view", values.view) as Partial<StandInView>,
});
await server.start().catch((error: unknown) => fail(`--listen ${values.listen}: ${String(error)}`));
console.log(JSON.stringify({ address: server.address, pid: process.pid }));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.stop().then(() => process.exit()));
}

if (values.stdin) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { view, fault } = parseJson("standard input", line) as Order;
    if (view !== undefined) {
      server.know(view);
    }
    if (fault !== undefined) {
      server.misbehave(fault);
    }
    console.log(JSON.stringify({ ok: true }));
  }
  await server.stop();
}
