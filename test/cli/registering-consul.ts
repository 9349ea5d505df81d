import type { Scope } from "../support/scope.ts";
import { type ScriptedHttpServer, scriptedHttpServer } from "../support/scripted-http-server.ts";

/** A Consul that registers a service, and leaves every other request without an answer: none is deregistered. */
export function registeringConsul(scope: Scope): Promise<ScriptedHttpServer> {
  return scriptedHttpServer(scope, (request, response) => {
    if (request.url?.includes("/agent/service/register") === true) {
      response.end();
    }
  });
}
