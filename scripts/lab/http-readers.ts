/** Programs that read an agent over HTTP, all in a process of their own: readers that wait, and streams of events. */
import { Agent, get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { carryOut, ForkedPart } from "./forked-part.ts";

/** `read`: they begin, and from then on read on. `count`: what they have read. `leave`: they end. */
type Order =
  | {
      readonly kind: "read";
      /** `127.0.0.1:port` of HTTP. */
      readonly address: string;
      readonly pool: string;
      readonly waiters: number;
      readonly streams: number;
      /** Of the streams, those that are opened and never read. */
      readonly silent: number;
    }
  | { readonly kind: "count" }
  | { readonly kind: "leave" };

interface ReadSoFar {
  /** Answers to readers that wait. */
  readonly answers: number;
  /** Bytes of the streams that are read. */
  readonly bytes: number;
}

export type HttpReaders = ForkedPart<Order, ReadSoFar>;

/** @param nice see `ForkedPart.start`. */
export function startHttpReaders(nice: number): HttpReaders {
  return ForkedPart.start(import.meta.url, nice);
}

const seen = { answers: 0, bytes: 0 };
let leaving = new AbortController();

async function carriedOut(order: Order): Promise<ReadSoFar> {
  switch (order.kind) {
    case "read": {
      leaving = new AbortController();
      const { address, pool, silent, streams, waiters } = order;
      const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
      leaving.signal.addEventListener("abort", () => {
        agent.destroy();
      });
      const url = `http://${address}/v1/pools/${pool}`;
      await Promise.all([
        ...Array.from({ length: waiters }, () => wait(url, agent)),
        ...Array.from({ length: streams }, (_, nth) => follow(`http://${address}/v1/events`, nth >= silent)),
      ]);
      break;
    }
    case "count":
      break;
    case "leave":
      leaving.abort();
  }
  return { ...seen };
}

/** Resolves when it has an answer and waits for news. */
async function wait(url: string, agent: Agent): Promise<void> {
  const { signal } = leaving;
  const ask = async (index: string): Promise<string> => {
    const response = await begun(`${url}?index=${index}&wait=1m`, { agent });
    await text(response);
    seen.answers += 1;
    return String(response.headers["x-headwaiter-index"]);
  };
  let index = await ask("0");
  const on = async () => {
    while (!signal.aborted) {
      index = await ask(index);
    }
  };
  void on().catch(unlessLeaving(signal));
}

/** Resolves when the stream has begun. One that is not read is given all that is held, so that it has to wait. */
async function follow(url: string, isRead: boolean): Promise<void> {
  const { signal } = leaving;
  const headers = { accept: "application/x-ndjson" };
  const response = await begun(`${url}?after=${isRead ? "now" : "0"}`, { headers });
  signal.addEventListener("abort", () => {
    response.destroy();
  });
  if (isRead) {
    response.on("error", unlessLeaving(signal)).on("data", (chunk: Buffer) => {
      seen.bytes += chunk.length;
    });
  } else {
    // It may be cut, as is whoever does not read.
    response.on("error", () => undefined).pause();
  }
}

async function begun(url: string, options: object): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(url, options, resolve).on("error", reject);
  const response = await promise;
  if (response.statusCode !== 200) {
    throw new Error(`${url} answers ${response.statusCode}: ${await text(response)}`);
  }
  return response;
}

/** A connection that breaks before they leave ends the process, which tells whoever waits for it. */
function unlessLeaving(signal: AbortSignal) {
  return (error: Error) => {
    if (!signal.aborted) {
      throw error;
    }
  };
}

if (import.meta.main) {
  carryOut(carriedOut);
}
