import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import ipaddr from "ipaddr.js";
import type { Scope } from "./scope.ts";
import { scriptedHttpServer } from "./scripted-http-server.ts";

interface Check {
  readonly CheckID: string;
  readonly Name: string;
  readonly HTTP?: string;
  readonly TTL?: string;
  readonly DeregisterCriticalServiceAfter?: string;
}

export interface Registration {
  readonly ID: string;
  readonly Name: string;
  readonly Address?: string;
  /** Absent: none was sent. */
  readonly Port?: number;
  readonly Meta: Readonly<Record<string, string>>;
  readonly Checks: readonly Check[];
}

/** What a Consul agent does with the services of its node: its refusals in the words of the real one (1.8.7). */
export class ScriptedConsulAgent {
  readonly services = new Map<string, Registration>();
  /** The state of each check that was told, by its id. */
  readonly told = new Map<string, "pass" | "fail">();
  /** Method and path of each request. */
  readonly requests: string[] = [];

  /** `http://127.0.0.1:port`. */
  address = "";

  /** On a free port of 127.0.0.1; ends with the scope. */
  static async start(scope: Scope): Promise<ScriptedConsulAgent> {
    const started = new ScriptedConsulAgent();
    const { url } = await scriptedHttpServer(scope, (request, response) => {
      started.#handle(request, response);
    });
    started.address = url;
    return started;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const { pathname } = new URL(request.url ?? "/", "http://consul");
    const [, , , kind = "", action = "", id = ""] = pathname.split("/").map(decodeURIComponent);
    const body = action === "register" ? json(request) : Promise.resolve(undefined);
    body.then((sent) => {
      const refusal = this.#take(`${kind}/${action}`, id, sent as Registration);
      response.writeHead(refusal?.[0] ?? 200).end(refusal?.[1] ?? "");
    }, response.destroy.bind(response));
  }

  #take(action: string, id: string, sent: Registration): readonly [number, string] | undefined {
    switch (action) {
      case "service/register": {
        const refusal = refusalOf(sent);
        if (refusal === undefined) {
          this.services.set(sent.ID, sent);
        }
        return refusal === undefined ? undefined : [400, refusal];
      }
      case "service/deregister":
        this.services.delete(id);
        return undefined;
      case "check/pass":
      case "check/fail":
        return this.#tell(id, action === "check/pass" ? "pass" : "fail");
      default:
        return [404, ""];
    }
  }

  #tell(id: string, state: "pass" | "fail"): readonly [number, string] | undefined {
    const checks = this.services.values().flatMap(({ Checks }) => Checks);
    if (!checks.some(({ CheckID, TTL }) => CheckID === id && TTL !== undefined)) {
      return [500, `CheckID "${id}" does not have associated TTL`];
    }
    this.told.set(id, state);
    return undefined;
  }
}

function refusalOf({ Address, Meta }: Registration): string | undefined {
  if (Address !== undefined && ipaddr.isValid(Address) && ipaddr.parse(Address).range() === "unspecified") {
    return "Invalid service address";
  }
  const pairs = Object.entries(Meta);
  if (pairs.length > 64) {
    return "Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs";
  }
  const bad = pairs.find(([key, value]) => !/^[\w-]{1,128}$/.test(key) || Buffer.byteLength(value) > 512);
  return bad && `Invalid Service Meta: Couldn't load metadata pair ('${bad[0]}', '${bad[1]}')`;
}
