import { EndpointError, serverKey } from "../../core/rpc-addr.ts";
import { onePool, poolPath } from "../client/pools.ts";
import { textAt } from "../client/reading.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

export interface FailedFlags extends ClientFlags {
  /** `host:port` */
  readonly server: string;
  readonly reason?: string;
  readonly client?: string;
}

/** Reports that a server fails, and waits for what the agent finds; 2 when the server answered it. */
export const runFailed: ClientCommand<FailedFlags> = async ({ client, flags, output }) => {
  const { client: name, reason } = flags;
  const key = keyOf(flags.server);
  const pool = await onePool(client, flags.pool);
  const { body } = await client.getDocument(`${poolPath(pool)}/servers/${encodeURIComponent(key)}/failed`, {
    method: "POST",
    body: { ...(reason !== undefined && { reason }), ...(name !== undefined && { client: name }) },
    takes: [202],
  });
  const verdict = textAt(body, "verdict") ?? "";
  if (output.isJson) {
    output.document(body);
  } else {
    const head = textAt(body, "head");
    const now = head === undefined ? "there is no head" : `the head is ${head}`;
    output.lines([`${verdict}: ${textAt(body, "text") ?? ""}; ${now}`]);
  }
  return verdict === "refuted" ? EXIT.no : EXIT.done;
};

function keyOf(address: string): string {
  try {
    return serverKey(address);
  } catch (error) {
    if (error instanceof EndpointError) {
      throw new CommandFailure(EXIT.wrong, "bad-use", error.message, { cause: error });
    }
    throw error;
  }
}
