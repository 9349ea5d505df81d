import { ConnectionError } from "../../src/net/connection/connection-error.ts";
import type {
  CallOptions,
  Closure,
  ConnectionState,
  Connector,
  HeldConnection,
} from "../../src/net/connection/held-connection.ts";
import type { FakeClock } from "./fake-ports.ts";

/** A time limit passes in so many parts, each of which counts once, however late it ends: as over a real connection. */
const PARTS = 5;

/**
 * Servers whose processes stand still at times, under a fake clock: their kernels go on to accept connections. What
 * they answer while the agent itself stands still is there when it goes on.
 */
export class PausingServers implements Connector {
  readonly #clock: FakeClock;
  readonly #roundTripMs: (address: string) => number;
  readonly #goesOnAt = new Map<string, number>();
  /** Addresses in the order in which they were pinged. */
  readonly pinged: string[] = [];
  readonly #received = new Map<string, number>();

  constructor(clock: FakeClock, roundTripMs: (address: string) => number) {
    this.#clock = clock;
    this.#roundTripMs = roundTripMs;
  }

  /** The process at this address, `host:port`, stands still for so long. */
  pause(address: string, ms: number): void {
    this.#goesOnAt.set(address, this.#clock.now() + ms);
  }

  /** Bytes of a large answer arrive from there. */
  send(address: string, bytes: number): void {
    this.#received.set(address, (this.#received.get(address) ?? 0) + bytes);
  }

  open(endpoint: Parameters<Connector["open"]>[0]): Promise<HeldConnection> {
    const address = `${endpoint.addresses[0] ?? ""}:${endpoint.port}`;
    const { promise: closed, resolve } = Promise.withResolvers<Closure>();
    let state: ConnectionState = { phase: "open" };
    const ended = new AbortController();
    const received = () => this.#received.get(address) ?? 0;
    return Promise.resolve({
      endpoint,
      get state() {
        return state;
      },
      get receivedBytes() {
        return received();
      },
      closed,
      ping: (options: CallOptions) => {
        this.pinged.push(address);
        return this.#answer(address, options, ended.signal);
      },
      close: () => {
        state = { phase: "closed", closure: { by: "caller" } };
        ended.abort(new ConnectionError("connection-closed", address, "this side closed the connection"));
        resolve({ by: "caller" });
      },
    });
  }

  #answer(address: string, { signal, timeoutMs }: CallOptions, ended: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const clock = this.#clock;
    const heardAt = clock.now() + this.#roundTripMs(address) / 2;
    let cancelAnswer: () => void = () => undefined;
    const answerOnce = (): void => {
      const goesOnAt = this.#goesOnAt.get(address) ?? 0;
      const answersAt = Math.max(heardAt, goesOnAt) + this.#roundTripMs(address) / 2;
      cancelAnswer = clock.after(answersAt - clock.now(), () => {
        // Another pause may have begun before it could answer.
        if ((this.#goesOnAt.get(address) ?? 0) > clock.now()) {
          answerOnce();
        } else {
          resolve(undefined);
        }
      });
    };
    answerOnce();
    let cancelLimit: () => void = () => undefined;
    const part = (left: number): void => {
      cancelLimit = clock.after(timeoutMs / PARTS, () => {
        if (left > 1) {
          part(left - 1);
        } else {
          setImmediate(() => {
            reject(new ConnectionError("call-timeout", address, `no answer within ${timeoutMs} ms`));
          });
        }
      });
    };
    part(PARTS);
    const give = () => {
      reject(ended.aborted ? ended.reason : signal?.reason);
    };
    const either = AbortSignal.any([ended, ...(signal === undefined ? [] : [signal])]);
    if (either.aborted) {
      give();
    }
    either.addEventListener("abort", give, { once: true });
    return promise.finally(() => {
      cancelAnswer();
      cancelLimit();
    });
  }
}
