/** The pools that a command is about. */
import { CommandFailure, EXIT } from "../command-failure.ts";
import type { AgentClient, AgentDocument } from "./agent-client.ts";
import { type JsonObject, objectsAt, textAt } from "./reading.ts";
import { notAnAgent } from "./unreachable.ts";

/** The path of everything about a pool. */
export function poolPath(name: string): string {
  return `/v1/pools/${encodeURIComponent(name)}`;
}

/** The names of all pools, in the agent's order. */
export async function poolNames(client: AgentClient): Promise<readonly string[]> {
  return namesOf(await poolList(client));
}

async function poolList(client: AgentClient): Promise<readonly JsonObject[]> {
  const { body } = await client.getDocument("/v1/pools");
  if (!Array.isArray(body["pools"])) {
    throw notAnAgent(client.shown, "expected a list of pools");
  }
  return objectsAt(body, "pools");
}

function namesOf(pools: readonly JsonObject[]): readonly string[] {
  return pools.flatMap((pool) => textAt(pool, "name") ?? []);
}

/** The pool that is asked for, or all of them; one that is removed meanwhile is then passed over. */
export async function documentsOfPools(
  client: AgentClient,
  asked: string | undefined,
  read: (name: string) => Promise<AgentDocument>,
): Promise<readonly AgentDocument[]> {
  if (asked !== undefined) {
    return [await read(asked)];
  }
  const documents: AgentDocument[] = [];
  for (const name of await poolNames(client)) {
    const document = await read(name).catch(unlessUnknownPool);
    documents.push(...(document === undefined ? [] : [document]));
  }
  return documents;
}

function unlessUnknownPool(error: unknown): undefined {
  if (!(error instanceof CommandFailure && error.code === "unknown-pool")) {
    throw error;
  }
}

/**
 * The pool that is asked for, or the only one; pools that questions started count where no other is there.
 * @throws CommandFailure when there are several.
 */
export async function onePool(client: AgentClient, asked: string | undefined): Promise<string> {
  if (asked !== undefined) {
    return asked;
  }
  const pools = await poolList(client);
  const configured = pools.filter((pool) => pool["on_demand"] !== true);
  const names = namesOf(configured.length > 0 ? configured : pools);
  const [only] = names;
  if (only === undefined || names.length > 1) {
    const message =
      only === undefined ? "the agent has no pool" : `expected --pool, one of ${names.join(", ")}`;
    throw new CommandFailure(EXIT.wrong, "bad-use", message);
  }
  return only;
}
