import { hostname } from "node:os";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../core/ports.ts";
import { printable } from "../core/printable.ts";
import type { ServiceRegistry } from "../net/consul/service-registry.ts";
import { systemClock } from "../system-ports.ts";
import type { HttpPlace } from "../views/http/http-listener.ts";
import type { HttpServer } from "../views/http/http-server.ts";
import { READINESS_PATH } from "../views/http/routes/agent-routes.ts";
import { SelfRegistration } from "../views/self-registration.ts";
import { VERSION } from "./version.ts";

interface Registered {
  readonly registry: ServiceRegistry;
  readonly logger: Logger;
  readonly http: Pick<HttpServer, "readiness">;
  /** Where HTTP listens. */
  readonly listen: HttpPlace;
  readonly heads: () => ReadonlyMap<string, string | undefined>;
}

/** The agent's own service in Consul, as it is configured. */
export function ownRegistration(
  options: NonNullable<Config["registration"]>,
  { heads, http, listen, logger, registry }: Registered,
): SelfRegistration {
  return new SelfRegistration(
    { registry, clock: systemClock, logger },
    {
      ...options,
      hostname: hostname(),
      listen,
      readinessPath: READINESS_PATH,
      describe: () => ({ version: VERSION, heads: heads(), waitsFor: waitsFor(http) }),
    },
  );
}

function waitsFor(http: Pick<HttpServer, "readiness">): string | undefined {
  const { ready, waiting, dns } = http.readiness();
  return ready ? undefined : printable(`DNS: ${dns}; pools without a head: ${waiting.join(", ") || "none"}`);
}
