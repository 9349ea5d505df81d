import type { AskForHeartbeat } from "../../core/heartbeat.ts";
import type { Logger } from "../../core/ports.ts";
import type { HeldConnection } from "../connection/held-connection.ts";
import { type HeartbeatIdentity, HeartbeatQuery } from "./heartbeat-query.ts";
import { NomadClient } from "./nomad-client.ts";
import { NomadConnection } from "./nomad-connection.ts";
import type { NomadTls } from "./tls-handshake.ts";

/** All calls of one heartbeat together. Above the 5.3 s that a server without a leader may hold a call (measured). */
const HEARTBEAT_TIMEOUT_MS = 6_000;

/** Nomad's ACL token, and who gets it. */
export interface ServerToken {
  /** What to send to the server with this key; `undefined`: nothing. */
  for(key: string): string | undefined;
}

interface HeartbeatPorts {
  readonly logger: Logger;
  /** A connection that is held anyway is used instead of a further one. */
  readonly connectionTo: (key: string) => HeldConnection | undefined;
}

/** Asks a Nomad server for a heartbeat. */
export function nomadHeartbeat(
  token: ServerToken,
  identity: HeartbeatIdentity,
  tls: NomadTls | undefined,
  { logger, connectionTo }: HeartbeatPorts,
): AskForHeartbeat {
  const heartbeat = new HeartbeatQuery(identity);
  const { region } = identity;
  let saidUncounted = false;
  return async (server, signal) => {
    const held = connectionTo(server.key);
    const lent = held instanceof NomadConnection ? held : undefined;
    const client = new NomadClient(server, { region, token: token.for(server.key), tls }, lent);
    try {
      const answer = await heartbeat.ask(client, { timeoutMs: HEARTBEAT_TIMEOUT_MS, signal });
      const { countFailure } = answer;
      if (countFailure !== undefined) {
        // A token without the right, or a server that just went, is no news here; an answer that can't be right is.
        const isNews = countFailure.kind === "protocol" && !saidUncounted;
        saidUncounted ||= isNews;
        const fields = { server: server.key, reason: countFailure.message };
        logger[isNews ? "warn" : "debug"](fields, "nodes not counted");
      } else if (answer.numNodes !== undefined) {
        saidUncounted = false;
      }
      return answer;
    } finally {
      client.close();
    }
  };
}
