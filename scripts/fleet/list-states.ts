import type { Random } from "../../src/core/ports.ts";
import { orderFrom, shuffled, shuffledOrder } from "../../src/core/rebalance.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { type ServerEvent, transition } from "../../src/core/server-list.ts";
import { Snapshot } from "../../src/core/snapshot.ts";

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
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #byOrder = new Map<number, ListState>();
  readonly #states: ListState[] = [];
  readonly #random: Random;
  readonly #numNodes: number;

  constructor(numServers: number, numNodes: number, random: Random) {
    this.#endpoints = Array.from({ length: numServers }, (_, n) =>
      ServerEndpoint.fromLiteral(`10.0.0.${n + 1}`),
    );
    this.#numberOf = new Map(this.#endpoints.map(({ key }, n) => [key, n]));
    this.#random = random;
    this.#numNodes = numNodes;
  }

  get(id: number): ListState {
    return this.#states[id] as ListState;
  }

  /** A new agent's list: the first heartbeat's servers in random order. */
  started(): ListState {
    const primaries = shuffled(this.#endpoints, this.#random);
    const order = primaries.map(({ key }) => key);
    return this.#intern(order, Snapshot.empty(0), {
      type: "heartbeat-received",
      primaries,
      backups: [],
      numNodes: this.#numNodes,
      leaderAddr: order[0] ?? "",
    });
  }

  /** The list after its head failed. */
  headFailed({ snapshot }: ListState): ListState {
    const [head = "", ...others] = snapshot.order.toArray();
    return this.#intern([...others, head], snapshot, { type: "server-failed", key: head, source: "health" });
  }

  /** The list after a rebalance in which `answers` tells who answers a ping. */
  rebalanced(state: ListState, answers: (server: number) => boolean): ListState {
    const plan = shuffledOrder(state.snapshot, this.#random);
    const position = plan.findIndex((key) => answers(this.#numberOf.get(key) ?? -1));
    if (plan.length < 2 || position === -1) {
      return state;
    }
    const order = position === 0 ? plan : orderFrom(plan, position, new Set(plan.slice(0, position)));
    return this.#intern(order, state.snapshot, { type: "rebalanced", order });
  }

  #intern(order: readonly string[], before: Snapshot, event: ServerEvent): ListState {
    const code = this.#codeOf(order);
    const known = this.#byOrder.get(code);
    if (known !== undefined) {
      return known;
    }
    const snapshot = transition(before, event, 0);
    const keys = snapshot.order.toArray();
    if (this.#codeOf(keys) !== code) {
      throw new Error(`${event.type}: expected the order ${order.join()}, the core gave ${keys.join()}`);
    }
    const servers = keys.map((key) => this.#numberOf.get(key) ?? -1);
    const state = { id: this.#states.length, snapshot, servers };
    this.#states.push(state);
    this.#byOrder.set(code, state);
    return state;
  }

  /** The order as one number, three bits for each of at most 8 servers. */
  #codeOf(order: readonly string[]): number {
    let code = 1;
    for (const key of order) {
      code = code * 8 + (this.#numberOf.get(key) ?? 0);
    }
    return code;
  }
}
