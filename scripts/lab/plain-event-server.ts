/**
 * The least that answers `HttpReaders`: a plain server of HTTP, in a process of its own, whose readers all wait for the
 * same event. Beside it one sees what readers cost by themselves, whoever answers them.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { carryOut, ForkedPart } from "./forked-part.ts";

/** Of the agent's answer about a pool of two servers, and of one event. */
const ANSWER = JSON.stringify({ text: "x".repeat(1_300) });
const EVENT = `${JSON.stringify({ text: "x".repeat(350) })}\n`;

type Order = { readonly kind: "listen" } | { readonly kind: "event" };

export type PlainEventServer = ForkedPart<Order, { readonly address: string }>;

export function startPlainEventServer(): PlainEventServer {
  return ForkedPart.start(import.meta.url);
}

const waiting = new Set<ServerResponse>();
const streams = new Set<ServerResponse>();
let index = 1;

const server = createServer(({ url = "" }, response) => {
  if (url.startsWith("/v1/events")) {
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
    streams.add(response);
    response.once("close", () => streams.delete(response));
  } else if (url.includes("index=0&")) {
    answer(response);
  } else {
    waiting.add(response);
    response.once("close", () => waiting.delete(response));
  }
});

function answer(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json", "x-headwaiter-index": index }).end(ANSWER);
}

function tellAll(): void {
  index += 1;
  for (const response of waiting) {
    answer(response);
  }
  waiting.clear();
  for (const response of streams) {
    response.write(EVENT);
  }
}

async function carriedOut({ kind }: Order) {
  if (kind === "listen") {
    await once(server.listen(0, "127.0.0.1"), "listening");
  } else {
    tellAll();
  }
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

if (import.meta.main) {
  carryOut(carriedOut);
}
