import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { type BodyPlan, decodeValue, MessageReader } from "../net/nomad/message-reader.ts";
import { FramingError } from "../net/nomad/value-scanner.ts";
import { encodeRaw, type RawValue } from "./raw-encoder.ts";
import { answerTo, type StandInAnswer, type StandInRequest } from "./stand-in-methods.ts";
import type { StandInView } from "./stand-in-view.ts";

/** How a stand-in server misbehaves. */
export type StandInFault =
  | { readonly kind: "none" }
  | { readonly kind: "close-after-accept" }
  /** Reads, and never answers, like a stopped process. */
  | { readonly kind: "silence" }
  /** Answers each request this much later: milliseconds. */
  | { readonly kind: "late"; readonly delayMs: number }
  /** Answers with bytes that are no msgpack. */
  | { readonly kind: "garbage" }
  /** Answers with a text that claims to be 1 GB long. */
  | { readonly kind: "huge-length" }
  /** Answers with the first half of the right answer; then silence, or the end of the connection. */
  | { readonly kind: "half-message"; readonly thenClose: boolean }
  /** Sends each answer in two halves, the second this much later: milliseconds. */
  | { readonly kind: "two-halves"; readonly delayMs: number }
  | { readonly kind: "application-error"; readonly message: string };

/** What a session asks of its server; read anew for each request. */
export interface SessionHost {
  readonly view: StandInView;
  readonly fault: StandInFault;
  onRequest(method: string): void;
}

interface Call {
  readonly method: string;
  readonly seq: number;
  readonly body: Uint8Array;
}

const Header = z.object({ ServiceMethod: z.string(), Seq: z.int().min(0) });
const Body = z.object({
  Region: z.string().default(""),
  AllowStale: z.boolean().default(false),
  AuthToken: z.string().default(""),
});

const REQUEST: BodyPlan = { keepBytes: 1024 * 1024, limitBytes: 1024 * 1024 };

// str 32 of 2^30 bytes, in a header's Error field.
const HUGE_LENGTH = Buffer.concat([Buffer.of(0x83), encodeRaw("Error"), Buffer.of(0xdb, 0x40, 0, 0, 0)]);
const GARBAGE = Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n\xc1\xc1\xc1", "latin1");

/** Serves plain RPC on a stream whose first byte has been read: requests in order, each answered before the next. */
export function serveSession(stream: Duplex, host: SessionHost): void {
  const ended = new AbortController();
  stream.on("close", () => {
    ended.abort();
  });
  let queue = Promise.resolve();
  let header: z.infer<typeof Header> | undefined;
  const reader = new MessageReader({
    header: (value) => {
      const parsed = Header.safeParse(value);
      if (!parsed.success) {
        throw new FramingError("malformed-message", "no request header");
      }
      header = parsed.data;
      return REQUEST;
    },
    body: (body) => {
      const call = { method: header?.ServiceMethod ?? "", seq: header?.Seq ?? 0, body };
      queue = queue
        .then(() => serve(stream, host, call, ended.signal))
        .catch(() => {
          stream.destroy();
        });
    },
  });
  stream.on("data", (chunk: Uint8Array) => {
    try {
      reader.push(chunk);
    } catch {
      // As a real server does: what can't be decoded ends the connection without a word.
      stream.destroy();
    }
  });
}

async function serve(stream: Duplex, host: SessionHost, call: Call, ended: AbortSignal): Promise<void> {
  ended.throwIfAborted();
  host.onRequest(call.method);
  const request = requestOf(call.body);
  const answer = request === undefined ? undecodable() : await answerWhenReady(host, call, request, ended);
  await send(stream, host.fault, { call, answer }, ended);
  if (answer.type === "unknown") {
    stream.end();
  }
}

function requestOf(body: Uint8Array): StandInRequest | undefined {
  const parsed = Body.safeParse(decodeValue(body));
  return parsed.success
    ? { region: parsed.data.Region, allowStale: parsed.data.AllowStale, token: parsed.data.AuthToken }
    : undefined;
}

function undecodable(): StandInAnswer {
  return { type: "unknown", message: "rpc: can't decode the request's body" };
}

async function answerWhenReady(
  host: SessionHost,
  call: Call,
  request: StandInRequest,
  ended: AbortSignal,
): Promise<StandInAnswer> {
  const answer = answerTo(host.view, call.method, request);
  if (answer.type !== "wait-for-leader") {
    return answer;
  }
  await delay(host.view.leaderWaitMs, undefined, { signal: ended });
  const later = answerTo(host.view, call.method, request);
  return later.type === "wait-for-leader" ? { type: "error", message: "No cluster leader" } : later;
}

async function send(
  stream: Duplex,
  fault: StandInFault,
  { call, answer }: { call: Call; answer: StandInAnswer },
  ended: AbortSignal,
): Promise<void> {
  switch (fault.kind) {
    case "silence":
      return;
    case "garbage":
      stream.write(GARBAGE);
      return;
    case "huge-length":
      stream.write(HUGE_LENGTH);
      return;
    case "half-message": {
      const bytes = encodeAnswer(call, answer);
      stream.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
      if (fault.thenClose) {
        stream.end();
      }
      return;
    }
    case "two-halves": {
      const bytes = encodeAnswer(call, answer);
      const middle = Math.floor(bytes.length / 2);
      stream.write(bytes.subarray(0, middle));
      await delay(fault.delayMs, undefined, { signal: ended });
      stream.write(bytes.subarray(middle));
      return;
    }
    case "application-error":
      stream.write(encodeAnswer(call, { type: "error", message: fault.message }));
      return;
    case "late":
      await delay(fault.delayMs, undefined, { signal: ended });
      stream.write(encodeAnswer(call, answer));
      return;
    case "close-after-accept":
    case "none":
      stream.write(encodeAnswer(call, answer));
      return;
  }
}

function encodeAnswer({ method, seq }: Call, answer: StandInAnswer): Buffer {
  const error = "message" in answer ? answer.message : "";
  const body: RawValue = answer.type === "reply" ? answer.body : {};
  return Buffer.concat([encodeRaw({ Error: error, Seq: seq, ServiceMethod: method }), encodeRaw(body)]);
}
