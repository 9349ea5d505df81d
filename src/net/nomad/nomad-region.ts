import type { AskForRegion } from "../../core/region.ts";
import { isOfOtherRegion } from "../connection/connection-error.ts";
import { type HeartbeatIdentity, HeartbeatQuery } from "./heartbeat-query.ts";
import { NomadClient } from "./nomad-client.ts";
import type { ServerToken } from "./nomad-heartbeat.ts";
import type { NomadTls } from "./tls-handshake.ts";

/** Asks a Nomad server whether it serves our region. `timeoutMs`: for all of it, looked at each time. */
export function nomadRegion(
  token: ServerToken | undefined,
  identity: HeartbeatIdentity,
  tls: NomadTls | undefined,
  timeoutMs: () => number,
): AskForRegion {
  const query = new HeartbeatQuery(identity);
  const { region } = identity;
  return async (server, signal) => {
    const client = new NomadClient(server, { region, token: token?.for(server.key), tls });
    try {
      const own = await query.otherRegion(client, { timeoutMs: timeoutMs(), signal });
      return { serves: own === undefined, own };
    } catch (error) {
      if (isOfOtherRegion(error)) {
        return { serves: false, own: undefined };
      }
      throw error;
    } finally {
      client.close();
    }
  };
}
