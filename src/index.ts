/** The public library. */
import { RpcProxy as CoreRpcProxy, type ProxyConfig, type ProxyPorts } from "./core/rpc-proxy.ts";
import { silentLogger, systemClock, systemRandom, systemResolver } from "./system-ports.ts";

export type { ApiVersion, NodeServerInfo } from "./core/api-version-filter.ts";
export type { Clock, Logger, PingContext, Pinger, Random, Resolution, Resolver } from "./core/ports.ts";
export {
  DEFAULT_REBALANCE_POLICY,
  fleetPaceMs,
  type RebalancePolicy,
  rebalanceIntervalMs,
} from "./core/rebalance.ts";
export {
  DEFAULT_RPC_PORT,
  EndpointError,
  type EndpointErrorCode,
  parseRpcAddr,
  type RpcAddr,
} from "./core/rpc-addr.ts";
export type { HeartbeatReport, ProxyConfig, ProxyPorts, Report } from "./core/rpc-proxy.ts";
export { ServerEndpoint } from "./core/server-endpoint.ts";
export type { Cause, Claims, Difference, Member, Snapshot, Source, Tier } from "./core/snapshot.ts";
export type { Change, SnapshotListener } from "./core/snapshot-feed.ts";

/**
 * The ports one has to bring: a pinger. Clock, chance, names and logging are real ones (the logger silent) when they
 * are absent or `undefined`.
 */
export type RequiredPorts = Pick<ProxyPorts, "pinger"> & {
  readonly [Port in keyof ProxyPorts]?: ProxyPorts[Port] | undefined;
};

/** One ordered list of servers: see the operations' own comments. */
export class RpcProxy extends CoreRpcProxy {
  constructor(ports: RequiredPorts, config: ProxyConfig) {
    super(
      {
        pinger: ports.pinger,
        resolver: ports.resolver ?? systemResolver,
        clock: ports.clock ?? systemClock,
        random: ports.random ?? systemRandom,
        logger: ports.logger ?? silentLogger,
      },
      config,
    );
  }
}
