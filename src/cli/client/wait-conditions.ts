/** What a command can wait for. */
import type { AgentClient } from "./agent-client.ts";
import { onePool, poolPath } from "./pools.ts";
import { type JsonObject, objectAt, textAt, textsAt } from "./reading.ts";

/** One look at the agent. */
export type Look =
  | {
      readonly kind: "holds";
      readonly said: string;
      /** For programs. */
      readonly facts: JsonObject;
    }
  | {
      readonly kind: "waits";
      readonly waitsFor: string;
      /** The pool whose next change, after this index, is worth a look. */
      readonly pool: string | undefined;
      readonly index: number | undefined;
    };

/** Looks once. @throws CommandFailure when the agent does not answer within the time. */
export type Condition = (client: AgentClient, timeoutMs: number) => Promise<Look>;

/** The agent is ready, or one pool of it. */
export function readiness(pool: string | undefined): Condition {
  return async (client, timeoutMs) => {
    const options = { query: { pool }, timeoutMs, takes: [503] };
    const { body, index } = await client.getDocument("/v1/agent/ready", options);
    if (body["ready"] === true) {
      const said = pool === undefined ? "ready" : `${pool} is ready`;
      return { kind: "holds", said, facts: { condition: "ready", pool: pool ?? null } };
    }
    const pools = objectAt(body, "pools");
    const waiting = Object.keys(pools).filter((name) => objectAt(pools, name)["ready"] === false);
    const dns = textAt(body, "dns") ?? "serving";
    const reasons = [
      ...waiting.map((name) => poolWaits(name, textsAt(objectAt(pools, name), "waits_for"))),
      ...(dns === "serving" ? [] : [`DNS is ${dns}`]),
      ...(body["stopping"] === true ? ["the agent stops"] : []),
    ];
    return { kind: "waits", waitsFor: reasons.join("; ") || "not ready", pool: waiting[0], index };
  };
}

function poolWaits(name: string, sources: readonly string[]): string {
  return sources.length === 0 ? `${name} has no head` : `${name} waits for ${sources.join(", ")}`;
}

/** The pool has another head than at the first look, or has one no more. */
export function headChanges(asked: string | undefined): Condition {
  let first: { readonly head: string | undefined } | undefined;
  return headCondition(asked, "head-changes", (head) => {
    first ??= { head };
    return { holds: head !== first.head, wanted: "another head" };
  });
}

/** The pool has this head. */
export function headIs(asked: string | undefined, key: string): Condition {
  return headCondition(asked, "head", (head) => ({ holds: head === key, wanted: key }));
}

function headCondition(
  asked: string | undefined,
  name: string,
  judge: (head: string | undefined) => { readonly holds: boolean; readonly wanted: string },
): Condition {
  let pool = asked;
  return async (client, timeoutMs) => {
    pool ??= await onePool(client, undefined);
    const document = await client.getDocument(poolPath(pool), { timeoutMs });
    const head = textAt(objectAt(document.body, "head"), "address");
    const { holds, wanted } = judge(head);
    const said = head === undefined ? `${pool} has no head` : `${head} is the head of ${pool}`;
    return holds
      ? { kind: "holds", said, facts: { condition: name, pool, head: head ?? null } }
      : { kind: "waits", waitsFor: `${said}, waits for ${wanted}`, pool, index: document.index };
  };
}
