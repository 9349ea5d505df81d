import { ResolveError } from "./resolve-error.ts";

export interface ExchangeLimits {
  /** Milliseconds for the whole exchange: connecting, sending, receiving. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** How a transport reports its end; only the first report counts. */
export interface ExchangeEnd {
  readonly answered: (message: Buffer) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * One question to one nameserver: opens a transport and closes it again however the exchange ends, at the latest at its
 * deadline.
 * @param open opens the transport and returns what closes it; it is called at most once, never after an abort.
 * @throws ResolveError `timeout`, `unreachable`, `aborted` or what the transport reported.
 */
export async function exchange(
  limits: ExchangeLimits,
  open: (end: ExchangeEnd) => () => void,
): Promise<Buffer> {
  const { timeoutMs, signal } = limits;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const onAbort = () => {
    reject(new ResolveError("aborted", "aborted", { cause: signal?.reason }));
  };
  if (signal?.aborted) {
    onAbort();
    return promise;
  }
  const close = open({
    answered: resolve,
    failed: (error) => {
      reject(ResolveError.from(error, "unreachable"));
    },
  });
  const timer = setTimeout(() => {
    reject(new ResolveError("timeout", `no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    close();
  }
}
