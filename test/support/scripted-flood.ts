import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Scope } from "./scope.ts";
import { scriptedHttpServer } from "./scripted-http-server.ts";

export interface Flood {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Sent again and again, until `bytes` were sent or the connection is closed. */
  readonly piece: Buffer;
  readonly bytes?: number;
}

/** An HTTP server that answers every request with as much as it is told to, and no more once nobody reads it. */
export class ScriptedFlood {
  flood: Flood;
  /** Bytes that were sent for each request. */
  readonly sent: number[] = [];

  /** `http://127.0.0.1:port`. */
  address = "";

  private constructor(flood: Flood) {
    this.flood = flood;
  }

  /** On a free port of 127.0.0.1; ends with the scope. */
  static async start(scope: Scope, flood: Flood): Promise<ScriptedFlood> {
    const started = new ScriptedFlood(flood);
    const { url } = await scriptedHttpServer(scope, (_request, response) => {
      started.#pour(response).catch(() => response.destroy());
    });
    started.address = url;
    return started;
  }

  async #pour(response: ServerResponse): Promise<void> {
    const { status = 200, headers = {}, piece, bytes = Number.POSITIVE_INFINITY } = this.flood;
    const number = this.sent.push(0) - 1;
    const closed = new Promise<void>((resolve) => response.once("close", resolve));
    response.writeHead(status, { "content-type": "application/json", "x-consul-index": "7", ...headers });
    let sent = 0;
    while (sent < bytes && !response.destroyed) {
      sent += piece.length;
      this.sent[number] = sent;
      if (!response.write(piece)) {
        await Promise.race([once(response, "drain"), closed]);
      }
    }
    response.end();
  }
}
