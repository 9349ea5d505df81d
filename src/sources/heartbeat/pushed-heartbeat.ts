import type { NodeServerInfo } from "../../core/api-version-filter.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { EndpointError } from "../../core/server-endpoint.ts";
import type { ContactWatch } from "./contact.ts";

/** A heartbeat that somebody sends us, for servers that do not speak Nomad's RPC. */
export interface PushedHeartbeat {
  readonly servers: readonly NodeServerInfo[];
  /** `undefined`: the last number is kept. */
  readonly numNodes: number | undefined;
  /** "" when there is no leader. */
  readonly leaderRpcAddr: string;
  /** Milliseconds within which the next one is due. */
  readonly ttlMs: number;
}

/** Takes pushed heartbeats into the list. Whoever owns the contact starts and stops it. */
export class PushedHeartbeats {
  readonly #proxy: Pick<RpcProxy, "refreshServerLists" | "numNodes">;
  readonly #contact: ContactWatch;
  readonly #reported: (() => void) | undefined;

  /** @param reported called each time a heartbeat has been taken. */
  constructor(
    proxy: Pick<RpcProxy, "refreshServerLists" | "numNodes">,
    contact: ContactWatch,
    reported?: () => void,
  ) {
    this.#proxy = proxy;
    this.#contact = contact;
    this.#reported = reported;
  }

  /** @returns the addresses that could not be used; the others were applied. */
  async take(heartbeat: PushedHeartbeat): Promise<readonly EndpointError[]> {
    const { leaderRpcAddr, numNodes = this.#proxy.numNodes(), servers, ttlMs } = heartbeat;
    const rejected = await this.#proxy.refreshServerLists(servers, numNodes, leaderRpcAddr, {
      source: "push",
    });
    this.#contact.heard(ttlMs, leaderRpcAddr !== "");
    this.#reported?.();
    return rejected;
  }
}
