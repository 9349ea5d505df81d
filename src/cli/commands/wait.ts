import { setTimeout as sleep } from "node:timers/promises";
import { EndpointError, serverKey } from "../../core/rpc-addr.ts";
import { spanText } from "../../core/time/spans.ts";
import type { AgentClient } from "../client/agent-client.ts";
import { poolPath } from "../client/pools.ts";
import { type Condition, headChanges, headIs, type Look, readiness } from "../client/wait-conditions.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { tellPeople } from "../command-end.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

export interface WaitFlags extends ClientFlags {
  readonly ready?: boolean;
  readonly headChanges?: boolean;
  /** `host:port` */
  readonly head?: string;
}

/** For all of it. */
const TIMEOUT_MS = 30_000;

/** Within which a change is seen that no list tells of: DNS is served, the agent is there. */
const LOOK_AGAIN_MS = 250;

/** A question that waits for a list to change ends then: what is waited for may be something else. */
const LONGEST_QUESTION_MS = 2_000;

/** The agent answers up to a sixteenth later than it is asked to, and is asked once more when the time is over. */
const GRACE_MS = 500;

/**
 * Returns when it holds. An agent that is not there yet is waited for as well.
 * @throws CommandFailure with 2 when it did not hold in time, with 3 when no agent was there in the end.
 */
export const runWait: ClientCommand<WaitFlags> = async ({ client, flags, output }) => {
  const timeoutMs = flags.timeout ?? TIMEOUT_MS;
  const begin = performance.now();
  const leftMs = () => Math.max(1, Math.ceil(begin + timeoutMs - performance.now()));
  const condition = conditionOf(flags);
  let said: string | undefined;
  for (;;) {
    const look = await condition(client, Math.max(leftMs(), GRACE_MS)).catch(failureUnlessFatal);
    if (!(look instanceof CommandFailure) && look.kind === "holds") {
      if (output.isJson) {
        output.document({ ...look.facts, waited_ms: Math.round(performance.now() - begin) });
      } else {
        output.lines([look.said]);
      }
      return EXIT.done;
    }
    if (performance.now() - begin >= timeoutMs) {
      throw tooLate(look, timeoutMs);
    }
    const waitsFor = look instanceof CommandFailure ? look.message : look.waitsFor;
    if (waitsFor !== said) {
      tellPeople(waitsFor);
      said = waitsFor;
    }
    await untilNextLook(client, look, leftMs());
  }
};

/** @throws CommandFailure when the flags name no condition, or several. */
function conditionOf({ head, headChanges: isHeadChanges, pool, ready }: WaitFlags): Condition {
  const named = [
    ...(ready === true ? [readiness(pool)] : []),
    ...(isHeadChanges === true ? [headChanges(pool)] : []),
    ...(head === undefined ? [] : [headIs(pool, keyOf(head))]),
  ];
  const [only] = named;
  if (only === undefined || named.length > 1) {
    throw new CommandFailure(EXIT.wrong, "bad-use", "expected one of --ready, --head-changes and --head");
  }
  return only;
}

function keyOf(address: string): string {
  try {
    return serverKey(address);
  } catch (error) {
    if (error instanceof EndpointError) {
      throw new CommandFailure(EXIT.wrong, "bad-use", `--head: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** What may be over in a moment is something to wait for. */
function failureUnlessFatal(error: unknown): CommandFailure {
  if (
    error instanceof CommandFailure &&
    (error.exitCode === EXIT.unreachable || error.exitCode === EXIT.no)
  ) {
    return error;
  }
  throw error;
}

function tooLate(look: CommandFailure | Extract<Look, { kind: "waits" }>, timeoutMs: number): CommandFailure {
  const within = `not within ${spanText(timeoutMs)}`;
  if (look instanceof CommandFailure) {
    return look.exitCode === EXIT.unreachable
      ? look
      : new CommandFailure(EXIT.no, "timeout", `${within}: ${look.message}`, { cause: look });
  }
  return new CommandFailure(EXIT.no, "timeout", `${within}: ${look.waitsFor}`);
}

/** Waits for the list to change where that is what is waited for, and for a moment otherwise. */
async function untilNextLook(
  client: AgentClient,
  look: CommandFailure | Extract<Look, { kind: "waits" }>,
  leftMs: number,
): Promise<void> {
  const { pool, index } = look instanceof CommandFailure ? {} : look;
  if (pool !== undefined && index !== undefined) {
    const waitMs = Math.min(leftMs, LONGEST_QUESTION_MS);
    const options = { query: { index, wait: `${waitMs}ms` }, timeoutMs: waitMs + GRACE_MS };
    const answer = await client.get(poolPath(pool), options).catch(failureUnlessFatal);
    if (!(answer instanceof CommandFailure) && (answer.index ?? 0) > index) {
      return;
    }
  }
  await sleep(Math.min(leftMs, LOOK_AGAIN_MS));
}
