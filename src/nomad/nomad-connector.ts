import type { Connector } from "../net/held-connection.ts";
import { NomadConnection } from "./nomad-connection.ts";
import type { NomadTls } from "./tls-handshake.ts";

/** Opens connections that speak Nomad's RPC, to be held and pinged. */
export function nomadConnector(settings: { region: string; tls?: NomadTls | undefined }): Connector {
  const { region, tls } = settings;
  return { open: (endpoint, options) => NomadConnection.open(endpoint, { ...options, region, tls }) };
}
