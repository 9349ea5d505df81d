/** An answer that was not 200. */
class ConsulHttpError extends Error {
  readonly code = "CONSUL_HTTP";
  readonly status: number;

  constructor(request: string, status: number, body: string) {
    super(`${request} answered ${status}: ${body.trim()}`);
    this.status = status;
  }
}

export interface ServiceRegistration {
  readonly name: string;
  /** Default: the name. */
  readonly id?: string;
  /** Default: the node's address. */
  readonly address?: string;
  readonly port: number;
  readonly tags?: readonly string[];
}

export interface ServiceInstance {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly port: number;
  readonly tags: readonly string[];
}

interface HealthEntry {
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Service: {
    readonly ID: string;
    readonly Address: string;
    readonly Port: number;
    readonly Tags: readonly string[] | null;
  };
}

/**
 * No answer takes longer on purpose: none of these is a blocking query. A default read hangs up to 10 s without a
 * leader.
 */
const answerTimeoutMs = 15_000;

/** What tests tell and ask a Consul, apart from the code under test. */
export class ConsulHttp {
  readonly #port: number;
  readonly #token: string | undefined;

  constructor(port: number, token?: string) {
    this.#port = port;
    this.#token = token;
  }

  /** Any call, for what has no method of its own; the path begins with `/v1/`. Fails on any status but 200. */
  async call(method: "GET" | "PUT" | "DELETE", path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: this.#token === undefined ? {} : { "X-Consul-Token": this.#token },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    if (response.status !== 200) throw new ConsulHttpError(`${method} ${path}`, response.status, text);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Registers a service with this agent; without a check it is passing at once. */
  async register(service: ServiceRegistration): Promise<void> {
    await this.call("PUT", "/v1/agent/service/register", {
      Name: service.name,
      ID: service.id ?? service.name,
      Address: service.address ?? "",
      Port: service.port,
      Tags: service.tags ?? [],
    });
  }

  async deregister(serviceId: string): Promise<void> {
    await this.call("PUT", `/v1/agent/service/deregister/${encodeURIComponent(serviceId)}`);
  }

  /** The passing instances of a service, as this agent's servers see them. */
  async passing(service: string, datacenter?: string): Promise<readonly ServiceInstance[]> {
    const query = datacenter === undefined ? "" : `&dc=${datacenter}`;
    const entries = await this.call("GET", `/v1/health/service/${service}?passing=1${query}`);
    return (entries as readonly HealthEntry[]).map(({ Node, Service }) => ({
      id: Service.ID,
      node: Node.Node,
      address: Service.Address === "" ? Node.Address : Service.Address,
      port: Service.Port,
      tags: Service.Tags ?? [],
    }));
  }

  /** The leader's `address:port`, or undefined without one. */
  async leader(): Promise<string | undefined> {
    const leader = (await this.call("GET", "/v1/status/leader")) as string;
    return leader === "" ? undefined : leader;
  }
}
