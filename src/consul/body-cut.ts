import type { ClientRequest } from "node:http";
import type Consul from "consul";
import { ConsulError } from "./consul-error.ts";

/** What an extension of `papi`, the HTTP client below the npm package `consul`, may see and change. */
interface PapiRequest {
  transport: { request(options: object): ClientRequest };
}

interface Extensible {
  _ext(event: "onRequest", extension: (request: PapiRequest, next: () => void) => void): void;
}

/**
 * Makes a request fail as soon as its connection ends within the body. The package waits for the end of the body, which
 * then never comes: without this the request would last until its deadline, more than a minute for a blocking query.
 */
export function reportCutBodies(consul: Consul): void {
  (consul as Consul & Extensible)._ext("onRequest", (request, next) => {
    const { transport } = request;
    request.transport = { request: (options) => failWhenCut(transport.request(options)) };
    next();
  });
}

function failWhenCut(request: ClientRequest): ClientRequest {
  return request.on("response", (response) => {
    response.on("close", () => {
      if (!response.complete) {
        request.emit("error", new ConsulError("cut-body", "the connection ended within the answer's body"));
      }
    });
  });
}
