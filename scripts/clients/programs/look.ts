/** Prints what it sees, each time it is something else: `lookup NAME`, or `get`, `once` or `fetch URL`. */
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type Agent, get, globalAgent, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 1_000;

/** @param agent `false`: a connection for this request alone. */
async function got(url: string, agent: Agent | false): Promise<string> {
  const request = get(url, { agent, signal: AbortSignal.timeout(PATIENCE_MS) });
  const [reply] = (await once(request, "response")) as [IncomingMessage];
  const body = await text(reply);
  return reply.statusCode === 200 ? body : "none";
}

const LOOKS: Readonly<Record<string, (of: string) => Promise<string>>> = {
  lookup: async (name) => (await lookup(name, { family: 4 })).address,
  get: async (url) => await got(url, globalAgent),
  once: async (url) => await got(url, false),
  fetch: async (url) => {
    const reply = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await reply.text();
  },
};

const [mode = "", of = ""] = process.argv.slice(2);
const look = LOOKS[mode];
if (look === undefined) {
  throw new Error(`unknown look: ${mode}`);
}
let last = "";
for (;;) {
  const seen = await look(of).catch(() => "none");
  if (seen !== last) {
    console.log(seen);
    last = seen;
  }
  await sleep(50);
}
