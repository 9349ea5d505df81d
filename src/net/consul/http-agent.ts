import { X509Certificate } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP } from "node:net";
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContextOptions,
} from "node:tls";
import { readTextFile } from "../../files/regular-file.ts";
import { shownPath } from "../../files/shown-path.ts";
import type { ConsulAddress } from "./consul-address.ts";
import { ConsulError } from "./consul-error.ts";

/** Files in PEM form. */
export interface TlsOptions {
  /** The authority that signed Consul's certificate; the system's authorities when missing. */
  readonly caFile?: string;
  /** The client certificate and its key, where Consul verifies its clients. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name to expect in Consul's certificate, such as `server.dc1.consul`; the host of the address when missing. */
  readonly serverName?: string;
  /** `false`: whoever answers is taken for Consul. */
  readonly verify?: boolean;
}

/**
 * The connections to Consul, kept alive between requests. Options of an agent win over those of its requests: that is
 * how the host of an IPv6 address loses the brackets, and how the name for TLS and the path of a socket get through.
 * @throws ConsulError `tls-file`.
 */
export function openAgent(address: ConsulAddress, tls: TlsOptions): HttpAgent {
  switch (address.kind) {
    case "unix":
      // Node knows `socketPath` for agents; its type declarations do not.
      return new HttpAgent({ keepAlive: true, socketPath: address.path } as object);
    case "http":
      return new HttpAgent({ keepAlive: true, host: address.host });
    case "https": {
      const files = tlsFiles(tls);
      // Said here, so that no variable of Node's decides it.
      const rejectUnauthorized = tls.verify ?? true;
      const identity = { rejectUnauthorized, ...expectedName(tls.serverName) };
      return new HttpsAgent({ keepAlive: true, host: address.host, ...identity, ...files });
    }
  }
}

/** An IP address can be expected in a certificate, but not be named in the handshake (RFC 6066 §3). */
function expectedName(name: string | undefined): ConnectionOptions {
  if (name === undefined) {
    return {};
  }
  return isIP(name) === 0
    ? { servername: name }
    : { servername: "", checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) };
}

function tlsFiles(tls: TlsOptions): SecureContextOptions {
  const [ca, cert, key] = [tls.caFile, tls.certFile, tls.keyFile].map(pem);
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    for (const certificate of [ca, cert].filter((text) => text !== undefined)) {
      new X509Certificate(certificate);
    }
    createSecureContext(files);
  } catch (error) {
    const named = [tls.caFile, tls.certFile, tls.keyFile].filter((path) => path !== undefined);
    const message = `TLS files ${named.map(shownPath).join(", ")}: expected PEM, and a key that fits its certificate`;
    throw new ConsulError("tls-file", `${message}: ${(error as Error).message}`, { cause: error });
  }
  return files;
}

function pem(path: string | undefined): string | undefined {
  if (path === undefined) {
    return undefined;
  }
  try {
    return readTextFile(path);
  } catch (error) {
    const message = `TLS file ${JSON.stringify(shownPath(path))} can't be read: ${(error as Error).message}`;
    throw new ConsulError("tls-file", message, { cause: error });
  }
}
