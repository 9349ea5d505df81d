/** What a pool of Nomad servers needs beyond any other: its TLS. */

import type { PoolConfig } from "../config/schema.ts";
import { messageOf } from "../core/message-of.ts";
import { readTextFile } from "../files/regular-file.ts";
import { shownPath } from "../files/shown-path.ts";
import type { NomadTls } from "../net/nomad/tls-handshake.ts";
import { AgentError } from "./agent-error.ts";

/** @throws AgentError when a file can't be read. */
export function nomadTls(files: PoolConfig["tls"]): NomadTls | undefined {
  return (
    files && {
      ...(files.caFile === undefined ? {} : { ca: pem(files.caFile) }),
      ...(files.certFile === undefined ? {} : { cert: pem(files.certFile) }),
      ...(files.keyFile === undefined ? {} : { key: pem(files.keyFile) }),
    }
  );
}

function pem(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    const reason = messageOf(error);
    throw new AgentError(`${shownPath(path)}: expected a readable PEM file: ${reason}`, { cause: error });
  }
}
