/** What a pool of Nomad servers needs beyond any other: its TLS, its token, its heartbeats. */

import type { PoolConfig } from "../config/schema.ts";
import type { HeartbeatQuery as Query } from "../core/heartbeat.ts";
import { messageOf } from "../core/message-of.ts";
import type { Logger } from "../core/ports.ts";
import type { ProxyConfig } from "../core/rpc-proxy.ts";
import { readTextFile } from "../files/regular-file.ts";
import { shownPath } from "../files/shown-path.ts";
import { isOfOtherRegion } from "../net/connection/connection-error.ts";
import type { HeldConnection } from "../net/connection/held-connection.ts";
import { HeartbeatQuery } from "../net/nomad/heartbeat-query.ts";
import { NomadClient } from "../net/nomad/nomad-client.ts";
import { NomadConnection } from "../net/nomad/nomad-connection.ts";
import type { NomadTls } from "../net/nomad/tls-handshake.ts";
import type { RegionQuery } from "../sources/region/region-gate.ts";
import { silentLogger, systemClock } from "../system-ports.ts";
import { AgentError } from "./agent-error.ts";
import { defined } from "./defined.ts";
import { NomadToken, type TokenConfig } from "./nomad-token.ts";

/** All calls of one heartbeat together. Above the 5.3 s that a server without a leader may hold a call (measured). */
const HEARTBEAT_TIMEOUT_MS = 6_000;

/** @throws AgentError when a file can't be read. */
export function nomadTls(files: PoolConfig["tls"]): NomadTls | undefined {
  return files === null
    ? undefined
    : defined({ ca: pem(files.ca_file), cert: pem(files.cert_file), key: pem(files.key_file) });
}

function pem(path: string | null): string | null {
  try {
    return path === null ? null : readTextFile(path);
  } catch (error) {
    const reason = messageOf(error);
    throw new AgentError(`${shownPath(path ?? "")}: expected a readable PEM file: ${reason}`, {
      cause: error,
    });
  }
}

interface NomadPorts {
  readonly logger: Logger;
  /** A connection that is held anyway is used instead of a further one. */
  readonly connectionTo: (key: string) => HeldConnection | undefined;
}

/** Asks a Nomad server for a heartbeat. */
export function nomadHeartbeat(
  token: Pick<NomadToken, "for">,
  proxyConfig: ProxyConfig,
  tls: NomadTls | undefined,
  { logger, connectionTo }: NomadPorts,
): Query {
  const heartbeat = new HeartbeatQuery(proxyConfig);
  const { region } = proxyConfig;
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

/**
 * Asks a Nomad server whether it serves our region. `timeoutMs`: for all of it. With the heartbeat's token, where there are
 * heartbeats, and to whom they send it: those tell when its file is away or it is withheld.
 */
export function nomadRegion(
  config: Pick<PoolConfig, "heartbeat"> & TokenConfig,
  proxyConfig: ProxyConfig,
  tls: NomadTls | undefined,
  timeoutMs: number,
): RegionQuery {
  const query = new HeartbeatQuery(proxyConfig);
  const ports = { clock: systemClock, logger: silentLogger };
  const token = config.heartbeat === "nomad" ? new NomadToken(config, ports) : undefined;
  const { region } = proxyConfig;
  return async (server, signal) => {
    const client = new NomadClient(server, { region, token: token?.for(server.key), tls });
    try {
      const own = await query.otherRegion(client, { timeoutMs, signal });
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
