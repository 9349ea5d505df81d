import type { Random } from "../../src/core/ports.ts";
import { orderFrom, shuffled } from "../../src/core/rebalance.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import type { ServerEvent } from "../../src/core/server-event.ts";
import { Snapshot } from "../../src/core/snapshot.ts";
import { transition } from "../../src/core/transition.ts";

/** One ordered list; `servers` are numbers, head first. */
export interface ListState {
  readonly id: number;
  readonly snapshot: Snapshot;
  readonly servers: readonly number[];
}

/**
 * The lists that agents can have. Transitions are pure, so agents with the same order share one snapshot, and each
 * order is worked out by the core once: 7 servers have 5,040 of them, whatever the number of agents.
 */
export class ListStates {
  readonly #endpoints: readonly ServerEndpoint[];
  readonly #servers: readonly number[];
  readonly #byOrder = new Map<number, ListState>();
  readonly #states: ListState[] = [];
  readonly #random: Random;
  readonly #numNodes: number;

  constructor(numServers: number, numNodes: number, random: Random) {
    this.#endpoints = Array.from({ length: numServers }, (_, n) =>
      ServerEndpoint.fromLiteral(`10.0.0.${n + 1}`),
    );
    this.#servers = this.#endpoints.map((_, server) => server);
    this.#random = random;
    this.#numNodes = numNodes;
  }

  get(id: number): ListState {
    return this.#states[id] as ListState;
  }

  /** A new agent's list: the first heartbeat's servers in random order. */
  started(): ListState {
    const order = shuffled(this.#servers, this.#random);
    return this.#intern(order, Snapshot.empty(0), () => ({
      kind: "heartbeat-received",
      primaries: order.map((server) => this.#endpointOf(server)),
      backups: [],
      numNodes: this.#numNodes,
      leaderAddr: this.#endpointOf(0).key,
    }));
  }

  /** The list after its head failed. */
  headFailed({ snapshot, servers }: ListState): ListState {
    const [head = 0, ...others] = servers;
    return this.#intern([...others, head], snapshot, () => ({
      kind: "server-failed",
      key: this.#endpointOf(head).key,
      source: "health",
    }));
  }

  /**
   * The list after a rebalance in which `answers` tells who answers a ping. All servers are primaries: one shuffle is
   * the plan.
   */
  rebalanced(state: ListState, answers: (server: number) => boolean): ListState {
    const plan = shuffled(this.#servers, this.#random);
    const position = plan.findIndex(answers);
    if (plan.length < 2 || position === -1) {
      return state;
    }
    const order = position === 0 ? plan : orderFrom(plan, position, new Set(plan.slice(0, position)));
    return this.#intern(order, state.snapshot, () => ({
      kind: "rebalanced",
      order: order.map((server) => this.#endpointOf(server).key),
    }));
  }

  #intern(servers: readonly number[], before: Snapshot, event: () => ServerEvent): ListState {
    // Three bits for each of at most 8 servers.
    const code = servers.reduce((digits, server) => digits * 8 + server, 1);
    const known = this.#byOrder.get(code);
    if (known !== undefined) {
      return known;
    }
    const snapshot = transition(before, event(), 0);
    const expected = servers.map((server) => this.#endpointOf(server).key).join();
    if (snapshot.order.join() !== expected) {
      throw new Error(
        `${event().kind}: expected the order ${expected}, the core gave ${snapshot.order.join()}`,
      );
    }
    const state = { id: this.#states.length, snapshot, servers };
    this.#states.push(state);
    this.#byOrder.set(code, state);
    return state;
  }

  #endpointOf(server: number): ServerEndpoint {
    return this.#endpoints[server] as ServerEndpoint;
  }
}
