import { connect, type Socket } from "node:net";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { ConnectionError, isLocal, transportFailure } from "./connection-error.ts";
import { withDeadline } from "./deadline.ts";
import type { CallOptions } from "./held-connection.ts";

/**
 * Opens a TCP connection to the first of the endpoint's addresses that accepts, in their order. All attempts share one
 * deadline: each may use an equal part of what is left, so with 500 ms and two addresses a silent first one costs 250
 * ms.
 *
 * The socket has Nagle's algorithm off and swallows `error` events until its owner listens. It never resolves names.
 * @throws ConnectionError of the first address that could be asked, in their order; the others' errors are in its
 * `cause`.
 */
export async function dial(endpoint: ServerEndpoint, { timeoutMs, signal }: CallOptions): Promise<Socket> {
  const endsAt = performance.now() + timeoutMs;
  const failures: ConnectionError[] = [];
  for (const [tried, address] of endpoint.addresses.entries()) {
    const leftMs = Math.max(0, endsAt - performance.now());
    const attempt = { timeoutMs: leftMs / (endpoint.addresses.length - tried), signal };
    try {
      return await dialAddress(endpoint, address, attempt);
    } catch (error) {
      if (!(error instanceof ConnectionError)) {
        throw error;
      }
      failures.push(error);
    }
  }
  throw combine(endpoint, failures);
}

function dialAddress(endpoint: ServerEndpoint, address: string, options: CallOptions): Promise<Socket> {
  const server = endpoint.key;
  const expired = (): ConnectionError =>
    new ConnectionError(
      "connect-timeout",
      server,
      `no connection to ${address} within ${Math.round(options.timeoutMs)} ms`,
    );
  return withDeadline<Socket>(options, expired, (resolve, reject) => {
    const socket = connect({ host: address, port: endpoint.port, noDelay: true });
    let connected = false;
    socket.once("connect", () => {
      connected = true;
      resolve(socket);
    });
    socket.on("error", (error) => {
      reject(transportFailure(server, error));
    });
    return () => {
      if (!connected) {
        socket.destroy();
      }
    };
  });
}

function combine(endpoint: ServerEndpoint, failures: readonly ConnectionError[]): ConnectionError {
  const [first] = failures;
  if (first === undefined) {
    return new ConnectionError("unreachable", endpoint.key, "no address to connect to");
  }
  if (failures.length === 1) {
    return first;
  }
  const detail = endpoint.addresses.map(
    (address, index) => `${address} ${failures[index]?.code ?? "not tried"}`,
  );
  // Where one address could be asked and failed, the server failed.
  const { code } = failures.find((failure) => !isLocal(failure)) ?? first;
  return new ConnectionError(code, endpoint.key, `no address accepts: ${detail.join(", ")}`, {
    cause: new AggregateError(failures),
  });
}
