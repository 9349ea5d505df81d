/** An instance to register, with one check whose status is set by hand. */
export interface DrivenInstance {
  readonly id: string;
  readonly port: number;
  readonly service?: string;
  readonly address?: string;
  readonly tags?: readonly string[];
  readonly status?: "passing" | "critical";
}

/** Changes services in a Consul, fake or real, over its HTTP API. */
export class ConsulDriver {
  readonly #address: string;
  readonly #headers: Record<string, string>;

  constructor(address: string, token?: string) {
    this.#address = address;
    this.#headers = token === undefined ? {} : { "x-consul-token": token };
  }

  async register(instance: DrivenInstance): Promise<void> {
    const { id, port, service = "web", address = "127.0.0.1", tags = [], status = "passing" } = instance;
    await this.#put("agent/service/register", {
      ID: id,
      Name: service,
      Address: address,
      Port: port,
      Tags: tags,
      Check: { TTL: "60m", Status: status },
    });
  }

  async deregister(id: string): Promise<void> {
    await this.#put(`agent/service/deregister/${encodeURIComponent(id)}`);
  }

  async setCheck(id: string, status: "passing" | "critical"): Promise<void> {
    await this.#put(`agent/check/update/service:${encodeURIComponent(id)}`, { Status: status });
  }

  async setMaintenance(id: string, on: boolean): Promise<void> {
    await this.#put(`agent/service/maintenance/${encodeURIComponent(id)}?enable=${String(on)}`);
  }

  /** What Consul itself answers now: `address:port` of each passing instance, sorted. */
  async passing(service = "web", tag?: string): Promise<readonly string[]> {
    const query = tag === undefined ? "" : `&tag=${encodeURIComponent(tag)}`;
    const body = await this.get(`health/service/${encodeURIComponent(service)}?passing${query}`);
    return (body as { Service: { Address: string; Port: number } }[])
      .map(({ Service }) => `${Service.Address}:${Service.Port}`)
      .sort();
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#address}/v1/${path}`, {
      headers: this.#headers,
      signal: AbortSignal.timeout(15_000),
    });
    if (!response.ok) {
      throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    }
    return await response.json();
  }

  async #put(path: string, body?: object): Promise<void> {
    const response = await fetch(`${this.#address}/v1/${path}`, {
      method: "PUT",
      headers: this.#headers,
      signal: AbortSignal.timeout(15_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
    }
    await response.arrayBuffer();
  }
}
