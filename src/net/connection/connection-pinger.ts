import type { PingContext, Pinger } from "../../core/ports.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { isLocal, provesLife } from "./connection-error.ts";
import { sharedDeadline } from "./deadline.ts";
import type { CallOptions, Connector, HeldConnection } from "./held-connection.ts";

interface PingerOptions {
  /** For one ping, the connection included: milliseconds. */
  readonly timeoutMs: number;
}

/** Pings servers, each time over a connection of its own. */
export class ConnectionPinger implements Pinger {
  readonly #connector: Connector;
  readonly #options: PingerOptions;

  constructor(connector: Connector, options: PingerOptions) {
    this.#connector = connector;
    this.#options = options;
  }

  async ping(server: ServerEndpoint, { signal }: PingContext): Promise<void> {
    await askOnce(this.#connector, server, { ...this.#options, signal });
  }
}

/** Asks more of a connection than one answer. */
type FurtherQuestion = (connection: HeldConnection) => Promise<void>;

/** Addresses of one server that are asked at the same time, best first: as many as are watched. */
const ADDRESSES_ASKED = 8;

/**
 * Opens a connection to the server, pings it once, and closes it, whatever happens. Resolves when the server answered,
 * at whichever of its addresses: a stopped one accepts, so only the answer counts. An application error is one.
 * `options` are for the connection and the ping together.
 */
export async function askOnce(
  connector: Connector,
  server: ServerEndpoint,
  options: CallOptions,
  whileOpen?: FurtherQuestion,
): Promise<void> {
  if (server.addresses.length === 1) {
    await askAt(connector, server, options, whileOpen);
    return;
  }
  const answered = new AbortController();
  const signal = AbortSignal.any([
    answered.signal,
    ...(options.signal === undefined ? [] : [options.signal]),
  ]);
  const questions = server.addresses
    .slice(0, ADDRESSES_ASKED)
    .map((address) => askAt(connector, server.at(address), { ...options, signal }, whileOpen));
  try {
    await Promise.any(questions);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof AggregateError ? firstProof(error) : error;
  } finally {
    answered.abort();
  }
}

/** Where one address could be asked and failed, the server failed. */
function firstProof({ errors }: AggregateError): unknown {
  return errors.find((error) => !isLocal(error)) ?? errors[0];
}

async function askAt(
  connector: Connector,
  server: ServerEndpoint,
  options: CallOptions,
  whileOpen: FurtherQuestion | undefined,
): Promise<void> {
  using left = sharedDeadline(options);
  const connection = await answerOf(connector.open(server, left()));
  if (connection === undefined) {
    return;
  }
  try {
    await answerOf(connection.ping(left()));
    await whileOpen?.(connection);
  } finally {
    connection.close();
  }
}

/** `undefined` when the answer is an application error. */
async function answerOf<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (!provesLife(error)) {
      throw error;
    }
    return undefined;
  }
}
