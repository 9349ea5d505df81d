/** Asks the agent over HTTP: the same origin, the public routes. */

/** Within which an answer has to be complete. */
const PATIENCE_MS = 8_000;

/** The agent refuses: its own line and code. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Nobody answers, or somebody who is no agent. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** @throws RefusedError, UnreachableError; whatever `fetch` throws when `signal` is aborted. */
export async function readJson<Body>(path: string, signal: AbortSignal): Promise<Body> {
  return (await answerOf(
    path,
    { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) },
    signal,
  )) as Body;
}

/** A write: nothing but what the reader of the page asks for with a button. @throws as `readJson`. */
export async function sendJson<Body>(path: string, body: object, token: string): Promise<Body> {
  const headers = {
    "content-type": "application/json",
    ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
  };
  // A report waits for the verdict of a check.
  const signal = AbortSignal.timeout(60_000);
  return (await answerOf(path, { method: "POST", headers, body: JSON.stringify(body), signal })) as Body;
}

async function answerOf(path: string, init: RequestInit, wanted?: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(path, { ...init, cache: "no-store", credentials: "omit" });
    const body: unknown = await response.json();
    if (!response.ok) {
      throw refusalIn(response.status, body);
    }
    return body;
  } catch (error) {
    if (error instanceof RefusedError || wanted?.aborted === true) {
      throw error;
    }
    throw new UnreachableError("the agent does not answer", { cause: error });
  }
}

function refusalIn(status: number, body: unknown): RefusedError {
  const { code, error } = (typeof body === "object" && body !== null ? body : {}) as {
    readonly code?: unknown;
    readonly error?: unknown;
  };
  return new RefusedError(
    status,
    typeof code === "string" ? code : "internal",
    typeof error === "string" ? error : `the agent answers with status ${status}`,
  );
}

/** The answer's body as it comes; one piece at least every `silenceMs`. @throws as `readJson`. */
export async function* readLines(
  path: string,
  accept: string,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const silence = new AbortController();
  let timer = setTimeout(() => undefined, 0);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.abort();
    }, silenceMs);
  };
  heard();
  try {
    const response = await fetch(path, {
      headers: { accept },
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok || response.body === null) {
      throw refusalIn(response.status, await response.json().catch(() => undefined));
    }
    heard();
    // The reader knows that it is heard.
    yield [];
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) {
        return;
      }
      heard();
      const lines = `${rest}${value}`.split("\n");
      rest = lines.pop() ?? "";
      yield lines;
    }
  } finally {
    clearTimeout(timer);
  }
}
