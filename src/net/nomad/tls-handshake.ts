import type { Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { messageOf } from "../../core/message-of.ts";
import {
  ConnectionError,
  type ErrorCode,
  errnoOf,
  transportFailure,
} from "../connection/connection-error.ts";
import { withDeadline } from "../connection/deadline.ts";
import type { CallOptions } from "../connection/held-connection.ts";

/** Certificates in PEM form. `cert` and `key` are for servers that verify their clients. */
export interface NomadTls {
  /** The authorities that may have signed the server's certificate; without it those that Node trusts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface TlsParty {
  /** The key of the server, for errors. */
  readonly server: string;
  /** The name that the server's certificate must carry. */
  readonly serverName: string;
  readonly tls: NomadTls;
}

/** Nomad asks for TLS with this byte, sent in clear. */
const TLS_BYTE = Uint8Array.of(0x04);

/**
 * Turns a fresh connection into a TLS one. The socket belongs to the TLS stream afterwards; on failure it is destroyed.
 * With TLS 1.3 a server that refuses our certificate says so only at the first read, after this resolved.
 */
export async function secure(socket: Socket, party: TlsParty, options: CallOptions): Promise<TLSSocket> {
  const { server, serverName, tls } = party;
  const expired = (): ConnectionError =>
    new ConnectionError(
      "connect-timeout",
      server,
      `no TLS handshake within ${Math.round(options.timeoutMs)} ms`,
    );
  try {
    const secureContext = contextOf(party);
    return await withDeadline<TLSSocket>(options, expired, (resolve, reject) => {
      socket.write(TLS_BYTE);
      const stream = connect({ socket, servername: serverName, secureContext, rejectUnauthorized: true });
      stream.once("secureConnect", () => {
        resolve(stream);
      });
      stream.on("error", (cause) => {
        reject(tlsFailure({ server, serverName, tls }, cause));
      });
      return () => undefined;
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function contextOf({ server, tls }: TlsParty): SecureContext {
  try {
    return createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ConnectionError("tls-failed", server, `own certificate, key or CA can't be used: ${reason}`, {
      cause,
    });
  }
}

const WRONG_AUTHORITY = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
]);

/** Translates what a TLS stream reports, during the handshake and after it. */
export function tlsFailure(party: TlsParty, cause: unknown): ConnectionError {
  const errno = errnoOf(cause) ?? "";
  const [code, detail] = ownVerdict(party, errno, cause) ?? serversVerdict(party, errno) ?? [undefined, ""];
  if (code === undefined) {
    return transportFailure(party.server, cause);
  }
  const ofOtherRegion = code === "tls-wrong-name" && certifiesOtherRegion(cause);
  return new ConnectionError(code, party.server, detail, { cause, ofOtherRegion });
}

/** The certificate is no server's of our region, and is one of another: it names `server.<region>.nomad`. */
function certifiesOtherRegion(cause: unknown): boolean {
  const names = (cause as { cert?: { subjectaltname?: string } }).cert?.subjectaltname ?? "";
  return /(^|, )DNS:server\.[^.,]+\.nomad(,|$)/.test(names);
}

/** What we hold against the server. */
function ownVerdict(party: TlsParty, errno: string, cause: unknown): [ErrorCode, string] | undefined {
  if (WRONG_AUTHORITY.has(errno)) {
    return [
      "tls-wrong-authority",
      `its certificate is signed by an authority that is not trusted here (${errno})`,
    ];
  }
  if (errno === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return ["tls-wrong-name", `its certificate is not for the name ${party.serverName}`];
  }
  if (errno === "CERT_HAS_EXPIRED" || errno === "CERT_NOT_YET_VALID") {
    return ["tls-certificate-expired", `its certificate is not valid now (${errno})`];
  }
  if (
    errno === "ECONNRESET" &&
    cause instanceof Error &&
    cause.message.includes("before secure TLS connection")
  ) {
    return ["tls-not-spoken", "it closed the connection during the TLS handshake; is TLS enabled there?"];
  }
  return undefined;
}

/** What the server holds against us. */
function serversVerdict({ tls }: TlsParty, errno: string): [ErrorCode, string] | undefined {
  if (
    /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE)$/.test(errno) &&
    tls.cert === undefined
  ) {
    return ["tls-no-client-certificate", "it requires a client certificate and none is configured"];
  }
  if (
    /ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|DECRYPT_ERROR)$/.test(errno)
  ) {
    return ["tls-client-certificate-rejected", `it does not accept the client certificate (${errno})`];
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(errno)) {
    return ["tls-not-spoken", `it answered the TLS handshake with something else (${errno})`];
  }
  return errno.startsWith("ERR_SSL_") || errno.startsWith("ERR_TLS_")
    ? ["tls-failed", `TLS failed (${errno})`]
    : undefined;
}
