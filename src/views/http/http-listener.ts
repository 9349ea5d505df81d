/** Where HTTP listens: on a port, or on a unix socket, which is a file. */
import { chmodSync, lstatSync, type Stats, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { FastifyInstance } from "fastify";
import { joinHostPort } from "../../core/rpc-addr.ts";
import { systemReason } from "../../core/system-reason.ts";

interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface SocketFile {
  /** An absolute path. */
  readonly socket: string;
  /** Who may connect: those who may write the file. */
  readonly mode: number;
}

export type HttpAddress = HostPort | SocketFile;

/** Where HTTP is reached. */
export type HttpPlace = HostPort | Pick<SocketFile, "socket">;

/** As the configuration writes it: `127.0.0.1:8654`, `unix:/run/headwaiter/agent.sock`. */
export function shownPlace(place: HttpPlace): string {
  return "socket" in place ? `unix:${place.socket}` : joinHostPort(place.host, place.port);
}

/** The listening address can't be had. One line that names it. */
export class HttpListenError extends Error {
  override readonly name = "HttpListenError";
}

function noListener(place: HttpPlace, reason: string, options?: ErrorOptions): HttpListenError {
  return new HttpListenError(`http: ${shownPlace(place)}: ${reason}`, options);
}

/**
 * The file of a socket is made with the mode, and is gone when `app` closes; one that a killed agent left behind is
 * replaced.
 * @throws HttpListenError; `app` is to be closed then.
 */
export async function listenAt(app: FastifyInstance, address: HttpAddress): Promise<void> {
  try {
    if ("socket" in address) {
      await makeWay(address);
      await app.listen({ path: address.socket });
      // Until here the process's umask decides, which lets nobody else in while the agent runs.
      chmodSync(address.socket, address.mode);
    } else {
      await app.listen({ host: address.host, port: address.port });
    }
  } catch (error) {
    throw error instanceof HttpListenError
      ? error
      : noListener(address, systemReason(error), { cause: error });
  }
}

/** Removes the file of a socket on which nobody listens, and nothing else. */
async function makeWay(place: SocketFile): Promise<void> {
  const found = fileAt(place);
  if (found === undefined) {
    return;
  }
  if (!found.isSocket()) {
    throw noListener(place, "expected a path where nothing is, or a socket that nobody listens on");
  }
  if (await isListenedOn(place)) {
    throw noListener(place, "address already in use");
  }
  // Looked at again in the turn of the removal: meanwhile another agent may have put its own socket there.
  if (fileAt(place)?.ino === found.ino) {
    unlinkSync(place.socket);
  }
}

/** @throws HttpListenError when there is no directory for it: Node would call that a lack of permission. */
function fileAt(place: SocketFile): Stats | undefined {
  const found = lstatSync(place.socket, { throwIfNoEntry: false });
  if (found === undefined && statSync(dirname(place.socket), { throwIfNoEntry: false }) === undefined) {
    throw noListener(place, "expected its directory to be there");
  }
  return found;
}

/** Whoever takes connections, or is too busy to, listens. @throws Node's error when that can't be asked. */
async function isListenedOn({ socket }: SocketFile): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const connection = connect({ path: socket });
  connection.once("connect", () => {
    resolve(true);
  });
  connection.once("error", (error: NodeJS.ErrnoException) => {
    const answer = LISTENS_BY_CODE.get(error.code ?? "");
    if (answer === undefined) {
      reject(error);
    } else {
      resolve(answer);
    }
  });
  try {
    return await promise;
  } finally {
    connection.destroy();
  }
}

/** EAGAIN: as many wait already as the listener lets. */
const LISTENS_BY_CODE: ReadonlyMap<string, boolean> = new Map([
  ["ECONNREFUSED", false],
  ["ENOENT", false],
  ["EAGAIN", true],
]);
