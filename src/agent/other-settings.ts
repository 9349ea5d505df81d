/** How the parts of a running agent go on with other settings. */
import type { Config } from "../config/schema.ts";
import type { ConsulClient } from "../net/consul/consul-client.ts";
import type { DnsResolver } from "../net/names/dns-resolver.ts";
import type { DnsServer } from "../views/dns/dns-server.ts";
import type { HttpServer } from "../views/http/http-server.ts";
import type { Memory } from "./memory.ts";
import { demandOf } from "./on-demand-settings.ts";
import type { OwnRegistration } from "./own-registration.ts";
import type { Pools } from "./pools.ts";
import type { PoolsOnDemand } from "./pools-on-demand.ts";
import { placeOf } from "./reload-plan.ts";
import type { PreparedConfig } from "./reloads.ts";
import { requireNewTokens } from "./token-files.ts";

export interface ChangingParts {
  readonly consul: Pick<ConsulClient, "prepare">;
  readonly resolver: Pick<DnsResolver, "configure">;
  readonly dns: Pick<DnsServer, "configure">;
  readonly http: Pick<HttpServer, "protect">;
  readonly pools: Pick<Pools, "prepare">;
  readonly onDemand: Pick<PoolsOnDemand, "configure">;
  readonly memory: Pick<Memory, "configure">;
  readonly registration: Pick<OwnRegistration, "prepare">;
}

/**
 * All that can fail happens here, and changes nothing.
 * @throws AgentError or ConsulError when a file can't be used.
 */
export function otherSettings(parts: ChangingParts, before: Config, after: Config): PreparedConfig {
  requireNewTokens(before, after);
  const swapConsul = parts.consul.prepare(after.consul);
  const swapRegistration = parts.registration.prepare(after);
  const pools = parts.pools.prepare(after.pools, placeOf(after), after.onDemand?.template);
  return {
    pools: pools.plan,
    swap: () => {
      swapConsul();
      parts.resolver.configure(after.resolver);
      parts.dns.configure({ ...after.dns, demand: demandOf(after) });
      parts.http.protect(after.http.tokenFile);
      parts.memory.configure(after.state.maxAgeMs);
      parts.onDemand.configure(after.onDemand);
      pools.swap();
      swapRegistration();
    },
  };
}
