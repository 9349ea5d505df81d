/** What a pool of Nomad servers needs beyond any other: its TLS. */

import type { PoolConfig } from "../config/schema.ts";
import { messageOf } from "../core/message-of.ts";
import { readTextFile } from "../files/regular-file.ts";
import { shownPath } from "../files/shown-path.ts";
import type { NomadTls } from "../net/nomad/tls-handshake.ts";
import { AgentError } from "./agent-error.ts";
import { defined } from "./defined.ts";

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
