import type { IncomingMessage, ServerResponse } from "node:http";
import type { Scope } from "./scope.ts";
import { scriptedHttpServer } from "./scripted-http-server.ts";

export interface Reply {
  readonly status: number;
  readonly index?: string | undefined;
  readonly type: string;
  readonly body: string;
}

/** No whole reply: the connection is closed or reset before it, or closed within its body. */
export type Break = "close" | "reset" | "cut";

/** Makes the reply to a request; `forward` asks the Consul behind, with another index where one is given. */
export type Script = (
  forward: (index?: number) => Promise<Reply>,
  index: number,
) => Reply | Break | Promise<Reply | Break>;

/** An HTTP proxy on 127.0.0.1 whose replies a test may change. */
export class ScriptedHttpProxy {
  readonly #target: string;
  script: Script = (forward) => forward();
  /** When each request came, by `performance.now()`, and its index. */
  readonly requests: { readonly at: number; readonly index: number }[] = [];

  /** `http://127.0.0.1:port`. */
  address = "";

  private constructor(target: string) {
    this.#target = target;
  }

  /** In front of `target`, on a free port; ends with the scope. */
  static async start(scope: Scope, target: string): Promise<ScriptedHttpProxy> {
    const started = new ScriptedHttpProxy(target);
    const { url } = await scriptedHttpServer(scope, (request, response) => {
      started.#handle(request, response).catch(() => response.destroy());
    });
    started.address = url;
    return started;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.#target);
    const asked = Number(url.searchParams.get("index") ?? 0);
    this.requests.push({ at: performance.now(), index: asked });
    const gone = new AbortController();
    response.once("close", () => {
      gone.abort();
    });
    const reply = await this.script((index) => forward(withIndex(url, index), gone.signal), asked);
    if (typeof reply === "string") {
      end(response, reply);
      return;
    }
    const index = reply.index === undefined ? {} : { "x-consul-index": reply.index };
    const length = { "content-length": Buffer.byteLength(reply.body) };
    response.writeHead(reply.status, { "content-type": reply.type, ...length, ...index }).end(reply.body);
  }
}

function end(response: ServerResponse, how: Break): void {
  switch (how) {
    case "close":
      response.destroy();
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "cut":
      response.writeHead(200, { "content-type": "application/json" }).write("[", () => response.destroy());
      return;
  }
}

function withIndex(url: URL, index: number | undefined): URL {
  const changed = new URL(url);
  if (index !== undefined) {
    changed.searchParams.set("index", String(index));
  }
  return changed;
}

async function forward(url: URL, signal: AbortSignal): Promise<Reply> {
  const response = await fetch(url, { signal });
  return {
    status: response.status,
    index: response.headers.get("x-consul-index") ?? undefined,
    type: response.headers.get("content-type") ?? "",
    body: await response.text(),
  };
}
