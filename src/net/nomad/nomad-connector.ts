import { provesLife } from "../connection/connection-error.ts";
import { sharedDeadline } from "../connection/deadline.ts";
import type { Connector } from "../connection/held-connection.ts";
import { type Answer, NomadConnection } from "./nomad-connection.ts";
import type { NomadTls } from "./tls-handshake.ts";

/** What is answered does not matter, but that it is: an address of some 20 bytes. */
const LEADER: Answer<undefined> = { keepBytes: 0, limitBytes: 64 * 1024, read: () => undefined };

/**
 * Opens connections that speak Nomad's RPC, to be held and pinged. A ping is answered by a server of any region, so
 * each connection is opened with one question that names ours and needs no leader. A server of another region answers
 * it when it can pass it on; otherwise opening rejects with the code `no-path-to-region`.
 */
export function nomadConnector(settings: { region: string; tls?: NomadTls | undefined }): Connector {
  const { region, tls } = settings;
  return {
    open: async (endpoint, options) => {
      using left = sharedDeadline(options);
      const connection = await NomadConnection.open(endpoint, { ...left(), region, tls });
      try {
        await connection.call("Status.Leader", { Region: region, AllowStale: true }, LEADER, left());
      } catch (error) {
        if (!provesLife(error) || connection.state.phase !== "open") {
          connection.close();
          throw error;
        }
      }
      return connection;
    },
  };
}
