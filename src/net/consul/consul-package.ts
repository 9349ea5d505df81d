import type { Agent } from "node:http";
import type Consul from "consul";
import { guardBodies } from "./body-guard.ts";

/** The npm package `consul`, over these connections. Loaded when it is asked for: DNS answers by then. */
export async function consulOver(agent: Agent, baseUrl: string): Promise<Consul> {
  const { default: Client } = await import("consul");
  const options = { agent, baseUrl, decoders: UNDECODED } as ConstructorParameters<typeof Client>[0];
  const consul = new Client(options);
  guardBodies(consul);
  return consul;
}

/** Bodies are left as they came: what they hold, and may quote, is for `answers.ts` to say. */
const UNDECODED = Object.fromEntries(
  ["application/json", "application/x-www-form-urlencoded", "text/html", "text/json", "text/plain"].map(
    (type) => [type, (body: Buffer) => body],
  ),
);
