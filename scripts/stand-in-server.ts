/**
 * A stand-in Nomad server as a process of its own, to be killed or stopped:
 *
 *     node scripts/stand-in-server.ts [--listen 127.0.0.1:0] [--view JSON] [--stdin]
 *
 * Prints one line of JSON, `{"address":"127.0.0.1:40123","pid":4711}`, when it listens. `--view` is what it knows (any part of
 * StandInView). With `--stdin` each line it reads is JSON `{"view":{…}}` or `{"fault":{…}}`, answered by the line `{"ok":true}`,
 * and the process ends with its input, so that it never outlives who started it.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { parseRpcAddr } from "../src/core/server-endpoint.ts";
import { StandInServer } from "../src/nomad/stand-in-server.ts";
import type { StandInFault } from "../src/nomad/stand-in-session.ts";
import type { StandInView } from "../src/nomad/stand-in-view.ts";

interface Order {
  readonly view?: Partial<StandInView>;
  readonly fault?: StandInFault;
}

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:0" },
    view: { type: "string", default: "{}" },
    stdin: { type: "boolean", default: false },
  },
});

const anyPort = values.listen.endsWith(":0");
const { host, port } = parseRpcAddr(anyPort ? values.listen.slice(0, -2) : values.listen);
const server = new StandInServer({
  host,
  port: anyPort ? 0 : port,
  view: JSON.parse(values.view) as Partial<StandInView>,
});
await server.start();
console.log(JSON.stringify({ address: server.address, pid: process.pid }));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.stop().then(() => process.exit()));
}

if (values.stdin) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { view, fault } = JSON.parse(line) as Order;
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
