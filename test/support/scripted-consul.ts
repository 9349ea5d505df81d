import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scope } from "./scope.ts";

/** A port of 127.0.0.1 (0: any free one), an IPv6 host, or the path of a socket. */
interface Where {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
}

interface RegisteredService {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly status: string;
  readonly maintenance: boolean;
}

/**
 * The part of Consul's HTTP API that the watch and the tests use, as the real one answers it: blocking queries with an
 * index over everything, services with one check each. `WatchContract` holds for it and for the real one.
 */
export class ScriptedConsul implements AsyncDisposable {
  readonly #server: Server;
  readonly #services = new Map<string, RegisteredService>();
  readonly #waiting = new Set<() => void>();
  #index = 10;
  /** Method, path and query of each request, and the token it carried. */
  readonly requests: { readonly url: string; readonly token: string | undefined }[] = [];
  #holds: Promise<undefined> | undefined;
  /** The only token that is let in; any when `undefined`. */
  validToken: string | undefined;
  readonly #leavesOut: (key: string, value: unknown) => unknown;

  /** @param leavesOutEmpty answers as Consul 1.10 and later do: a port of 0 is left out. */
  constructor({ leavesOutEmpty = false } = {}) {
    this.#leavesOut = (key, value) =>
      leavesOutEmpty && /Port$/.test(key) && value === 0 ? undefined : value;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  /** As `listen` does; closes with the scope. */
  static async start(scope: Scope, where: Where = {}): Promise<ScriptedConsul> {
    const started = await new ScriptedConsul().listen(where);
    scope.after(() => started.close());
    return started;
  }

  /** The caller closes it. */
  async listen(where: Where = {}): Promise<this> {
    const { path, host = "127.0.0.1", port = 0 } = where;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path === undefined ? { host, port } : { path }, resolve);
    });
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends all connections; idempotent. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeAllConnections();
    await closed;
  }

  /** From now on no question about services is answered before the returned function is called. */
  holdAnswers(): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#holds = promise;
    return () => {
      resolve(undefined);
      this.#holds = undefined;
    };
  }

  /** Moves the index although nothing changed, as other services' changes do. */
  bump(): void {
    this.#index += 1;
    for (const wake of this.#waiting) {
      wake();
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://consul");
    const header = request.headers["x-consul-token"];
    const token = Array.isArray(header) ? header[0] : header;
    this.requests.push({ url: `${request.method ?? ""} ${request.url ?? ""}`, token });
    if (this.validToken !== undefined && token !== this.validToken) {
      response.writeHead(403, { "content-type": "text/plain", "x-consul-index": "1" }).end("ACL not found");
      return;
    }
    const [, , area, kind, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    switch (`${area ?? ""}/${kind ?? ""}`) {
      case "agent/service":
        this.#changeService(rest, url, await bodyOf(request));
        response.end();
        return;
      case "agent/check":
        this.#changeCheck(rest.at(-1) ?? "", await bodyOf(request));
        response.end();
        return;
      case "health/service":
      case "catalog/service":
        await this.#block(url, response);
        await this.#holds;
        this.#answer(response, this.#listed(area === "health", rest[0] ?? "", url));
        return;
      case "catalog/datacenters":
        this.#answer(response, ["dc1"]);
        return;
      default:
        response.writeHead(404).end();
    }
  }

  #changeService([action, id = ""]: string[], url: URL, body: string): void {
    const known = this.#services.get(id);
    if (action === "register") {
      const sent = JSON.parse(body) as Record<string, unknown>;
      const check = sent["Check"] as { Status?: string } | undefined;
      const service = {
        id: String(sent["ID"]),
        name: String(sent["Name"]),
        address: (sent["Address"] as string | undefined) ?? "",
        port: Number(sent["Port"] ?? 0),
        tags: (sent["Tags"] as string[] | undefined) ?? [],
        status: check?.Status ?? "critical",
        maintenance: false,
      };
      this.#services.set(service.id, service);
    } else if (action === "deregister") {
      this.#services.delete(id);
    } else if (known !== undefined) {
      this.#services.set(id, { ...known, maintenance: url.searchParams.get("enable") === "true" });
    }
    this.bump();
  }

  #changeCheck(checkId: string, body: string): void {
    const id = checkId.replace(/^service:/, "");
    const known = this.#services.get(id);
    if (known !== undefined) {
      const { Status: status } = JSON.parse(body) as { Status: string };
      this.#services.set(id, { ...known, status });
    }
    this.bump();
  }

  async #block(url: URL, response: ServerResponse): Promise<void> {
    const index = Number(url.searchParams.get("index") ?? "0");
    if (index === 0 || this.#index > index) {
      return;
    }
    const waitMs = Number(/^(\d+)ms$/.exec(url.searchParams.get("wait") ?? "")?.[1] ?? "300000");
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      this.#waiting.add(end);
      response.once("close", end);
    });
  }

  #listed(health: boolean, service: string, url: URL): readonly object[] {
    const tag = url.searchParams.get("tag");
    const passing = url.searchParams.has("passing");
    const node = { Node: "fake", Address: "127.0.0.1", Datacenter: "dc1" };
    return [...this.#services.values()]
      .filter(({ name, tags }) => name === service && (tag === null || tags.includes(tag)))
      .filter(({ status, maintenance }) => !passing || (status === "passing" && !maintenance))
      .map(({ id, name, address, port }) =>
        health
          ? { Node: node, Service: { ID: id, Service: name, Address: address, Port: port } }
          : { ...node, ServiceID: id, ServiceName: name, ServiceAddress: address, ServicePort: port },
      );
  }

  #answer(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { "content-type": "application/json", "x-consul-index": String(this.#index) });
    response.end(JSON.stringify(body, this.#leavesOut));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
