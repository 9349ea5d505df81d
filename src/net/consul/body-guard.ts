import type { ClientRequest, IncomingMessage } from "node:http";
import type Consul from "consul";
import { ConsulError } from "./consul-error.ts";

/** What an extension of `papi`, the HTTP client below the npm package `consul`, may see and change. */
interface PapiRequest {
  transport: { request(options: object): ClientRequest };
}

interface Extensible {
  _ext(event: "onRequest", extension: (request: PapiRequest, next: () => void) => void): void;
}

const MIB = 1_048_576;

/**
 * Bytes that a body may have. Consul 1.20 sends about 1.4 KB for an instance with two checks, at most some 2 KB as a
 * rule: the 10,000 instances that are read of an answer are 20 MB.
 */
const LONGEST_BODY = 32 * MIB;

/** Bytes of all bodies that are being read: one that is far too long, for each of 20 pools, would be 640 MiB. */
const LONGEST_TOGETHER = 64 * MIB;

/** Bytes of a refusal's body that are waited for: its reason stands at its beginning. */
const LONGEST_REFUSAL = 16_384;

/**
 * Makes a request fail as soon as its body is longer than can be used, or its connection ends within the body. The
 * package collects whatever comes, and it waits for an end that never comes.
 */
export function guardBodies(consul: Consul): void {
  const together = { bytes: 0 };
  (consul as Consul & Extensible)._ext("onRequest", (request, next) => {
    const { transport } = request;
    request.transport = { request: (options) => guarded(transport.request(options), together) };
    next();
  });
}

function guarded(request: ClientRequest, together: { bytes: number }): ClientRequest {
  return request.on("response", (response) => {
    const fail = (error: Error) => {
      request.emit("error", error);
      request.destroy();
    };
    if ((response.statusCode ?? 0) >= 300) {
      endAfterReason(response, fail);
    } else {
      endWhenTooLong(response, together, fail);
    }
    response.on("close", () => {
      if (!response.complete) {
        request.emit("error", new ConsulError("cut-body", "the connection ended within the answer's body"));
      }
    });
  });
}

function endWhenTooLong(
  response: IncomingMessage,
  together: { bytes: number },
  fail: (error: Error) => void,
): void {
  let bytes = 0;
  const problem = (length: number) => {
    if (length > LONGEST_BODY) {
      return `the answer's body is longer than ${LONGEST_BODY / MIB} MiB`;
    }
    return together.bytes > LONGEST_TOGETHER
      ? `the bodies of all answers that come now are longer than ${LONGEST_TOGETHER / MIB} MiB`
      : undefined;
  };
  const onData = (chunk: Buffer) => {
    bytes += chunk.length;
    together.bytes += chunk.length;
    failIf(problem(bytes));
  };
  const failIf = (message: string | undefined) => {
    if (message !== undefined) {
      response.off("data", onData);
      fail(new ConsulError("too-large", message));
    }
  };
  response.on("data", onData);
  response.on("close", () => {
    together.bytes -= bytes;
  });
  failIf(problem(Number(response.headers["content-length"] ?? 0)));
}

/** A refusal without an end is told like any other, by what came of it. */
function endAfterReason(response: IncomingMessage, fail: (error: Error) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const onData = (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > LONGEST_REFUSAL) {
      response.off("data", onData);
      Object.assign(response, { body: Buffer.concat(chunks).subarray(0, LONGEST_REFUSAL) });
      fail(Object.assign(new Error("refused"), { isResponse: true }));
    }
  };
  response.on("data", onData);
}
