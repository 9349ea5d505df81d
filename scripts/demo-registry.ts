/** Puts the demo's servers into a Consul, and takes them out again. */

export interface ServiceName {
  readonly service: string;
  readonly tag: string;
}

export interface DemoRegistry {
  /** `http://host:port` */
  readonly address: string;
  /**
   * Registers servers with TCP checks, all or none; as Nomad's own are by default. Resolves with what takes them out
   * again.
   */
  register(addresses: readonly string[], name?: ServiceName): Promise<() => Promise<void>>;
}

export function registryAt(address: string, token: string | null = null): DemoRegistry {
  const put = async (path: string, body?: unknown) => {
    const reply = await fetch(`${address}${path}`, {
      method: "PUT",
      headers: token === null ? {} : { "X-Consul-Token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok) {
      throw new Error(`Consul at ${address} answers ${reply.status} to ${path}`);
    }
  };
  const register = async (addresses: readonly string[], name = { service: "nomad", tag: "rpc" }) => {
    const registered: string[] = [];
    const deregister = async () => {
      await Promise.allSettled(registered.map((id) => put(`/v1/agent/service/deregister/${id}`)));
    };
    try {
      for (const server of addresses) {
        const service = serviceOf(name, server);
        await put("/v1/agent/service/register", service);
        registered.push(service.ID);
      }
    } catch (error) {
      await deregister();
      throw error;
    }
    return deregister;
  };
  return { address, register };
}

function serviceOf({ service, tag }: ServiceName, server: string) {
  const [host, port] = server.split(":");
  return {
    ID: `headwaiter-demo-${port}`,
    Name: service,
    Tags: [tag],
    Address: host,
    Port: Number(port),
    // Consul itself removes what a killed demo left; a minute is the shortest that it takes.
    Check: { TCP: server, Interval: "1s", Status: "passing", DeregisterCriticalServiceAfter: "1m" },
  };
}
