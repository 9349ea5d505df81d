import type { Random } from "../../src/core/ports.ts";
import { fleetPaceMs, rebalanceIntervalMs } from "../../src/core/rebalance.ts";
import { FleetLoad } from "./fleet-load.ts";
import { type ListState, ListStates } from "./list-states.ts";
import { SecondQueue } from "./second-queue.ts";

export interface FleetPlan {
  readonly agents: number;
  readonly servers: number;
  readonly hours: number;
  readonly seed: number;
}

/** Seconds at which the fleet's troubles begin and end. */
export interface Troubles {
  readonly lostAt: number;
  readonly backAt: number;
  readonly cutAt: number;
  readonly healedAt: number;
}

/** Of 24 hours: one server is lost from hour 6 to 8, datacenter 0 is cut off from hour 12 to 13. */
export function troublesOf(hours: number): Troubles {
  const hour = (hours * 3600) / 24;
  const at = (count: number) => Math.round(count * hour);
  return { lostAt: at(6), backAt: at(8), cutAt: at(12), healedAt: at(13) };
}

/** Servers and agents are spread over three datacenters. */
const DATACENTERS = 3;
const LOST_SERVER = 0;
const PING_TIMEOUT_MS = 500;

/** Milliseconds between two pings of one agent to its head: 0.5 s, or 500 pings per second and server for large fleets. */
export function pingIntervalMs(numServers: number, numNodes: number): number {
  return Math.max(500, fleetPaceMs({ numServers, numNodes }, 500));
}

/**
 * A fleet under a virtual clock. Every agent holds a connection to its head and to the next server of its list. A crash
 * closes connections and is seen at once; a cut is silent and seen by the next ping of the head, after which each
 * further server that does not answer costs one ping's timeout. Connections to servers that come back are spread by jitter.
 */
export class Simulation {
  readonly load: FleetLoad;
  readonly #plan: FleetPlan;
  readonly #random: Random;
  readonly #troubles: Troubles;
  readonly #states: ListStates;
  readonly #stateOf: Uint16Array;
  readonly #queue: SecondQueue;
  #isLost = false;
  #isCut = false;

  constructor(plan: FleetPlan, random: Random) {
    const seconds = Math.round(plan.hours * 3600);
    this.#plan = plan;
    this.#random = random;
    this.#troubles = troublesOf(plan.hours);
    this.#states = new ListStates(plan.servers, plan.agents, random);
    this.#stateOf = new Uint16Array(plan.agents);
    this.load = new FleetLoad(plan.servers, seconds);
    // Task n: agent n rebalances. Task agents + n: agent n's ping is not answered.
    this.#queue = new SecondQueue(seconds, 2 * plan.agents);
  }

  run(): FleetLoad {
    const { agents } = this.#plan;
    this.#startAll();
    for (let second = 0; second < this.load.seconds; second++) {
      this.#trouble(second);
      this.#queue.run(second, (task) => {
        if (task < agents) {
          this.#rebalance(task, second);
        } else {
          this.#unanswered(task - agents, second);
        }
      });
      if (second % 60 === 59) {
        this.load.sample((server) => !(this.#isLost && server === LOST_SERVER));
      }
    }
    return this.load;
  }

  /** All agents start in the same second. */
  #startAll(): void {
    for (let agent = 0; agent < this.#plan.agents; agent++) {
      const state = this.#states.started();
      this.#stateOf[agent] = state.id;
      for (const server of state.servers.slice(0, 2)) {
        this.load.connected(server, 0);
      }
      this.#count(state, 1);
      this.#schedule(agent, this.#random() * 1000);
    }
  }

  #schedule(agent: number, nowMs: number): void {
    const fleet = { numServers: this.#plan.servers, numNodes: this.#plan.agents };
    const intervalMs = rebalanceIntervalMs(fleet, this.#random);
    this.load.drewInterval(intervalMs);
    this.#queue.add(agent, nowMs + intervalMs);
  }

  #count({ servers: [head = 0, next] }: ListState, by: 1 | -1): void {
    const { heads, standbys } = this.load;
    heads[head] = (heads[head] ?? 0) + by;
    if (next !== undefined) {
      standbys[next] = (standbys[next] ?? 0) + by;
    }
  }

  #reaches(agent: number, server: number): boolean {
    const isApart = (agent % DATACENTERS === 0) !== (server % DATACENTERS === 0);
    return !(this.#isLost && server === LOST_SERVER) && !(this.#isCut && isApart);
  }

  #take(agent: number, before: ListState, after: ListState, second: number): void {
    if (after === before) {
      return;
    }
    this.#stateOf[agent] = after.id;
    this.#count(before, -1);
    this.#count(after, 1);
    const [head, next] = before.servers;
    for (let place = 0; place < 2; place++) {
      const server = after.servers[place];
      if (server !== undefined && server !== head && server !== next && this.#reaches(agent, server)) {
        this.load.connected(server, second);
      }
    }
  }

  #rebalance(agent: number, second: number): void {
    const state = this.#states.get(this.#stateOf[agent] ?? 0);
    const next = this.#states.rebalanced(state, (server) => this.#reaches(agent, server));
    this.load.rebalances += state.servers.length > 1 ? 1 : 0;
    this.#take(agent, state, next, second);
    this.#schedule(agent, second * 1000 + this.#random() * 1000);
  }

  /** The head did not answer: rotate to the next, and when that does not answer either, again one timeout later. */
  #unanswered(agent: number, second: number): void {
    const state = this.#states.get(this.#stateOf[agent] ?? 0);
    const [head = 0] = state.servers;
    if (state.servers.length < 2 || this.#reaches(agent, head)) {
      return;
    }
    const next = this.#states.headFailed(state);
    this.#take(agent, state, next, second);
    const canReachAny = state.servers.some((server) => this.#reaches(agent, server));
    if (canReachAny && !this.#reaches(agent, next.servers[0] ?? 0)) {
      this.#queue.add(this.#plan.agents + agent, second * 1000 + this.#random() * 1000 + PING_TIMEOUT_MS);
    }
  }

  #trouble(second: number): void {
    const { lostAt, backAt, cutAt, healedAt } = this.#troubles;
    if (second === lostAt) {
      this.#isLost = true;
      this.#eachAgent((agent) => {
        this.#unanswered(agent, second);
      });
    } else if (second === backAt) {
      this.#reconnect(second, () => {
        this.#isLost = false;
      });
    } else if (second === cutAt) {
      const intervalMs = pingIntervalMs(this.#plan.servers, this.#plan.agents);
      this.#isCut = true;
      this.#eachAgent((agent) => {
        const seenMs = second * 1000 + this.#random() * intervalMs + PING_TIMEOUT_MS;
        this.#queue.add(this.#plan.agents + agent, seenMs);
      });
    } else if (second === healedAt) {
      this.#reconnect(second, () => {
        this.#isCut = false;
      });
    }
  }

  /** What an agent could not reach before `end` and can after, it connects to after a jitter that grows with the fleet. */
  #reconnect(second: number, end: () => void): void {
    const { agents, servers } = this.#plan;
    const spreadMs = Math.max(1000, fleetPaceMs({ numServers: servers, numNodes: agents }, 64));
    const lacking: [agent: number, server: number][] = [];
    this.#eachAgent((agent) => {
      for (const server of this.#states.get(this.#stateOf[agent] ?? 0).servers.slice(0, 2)) {
        if (!this.#reaches(agent, server)) {
          lacking.push([agent, server]);
        }
      }
    });
    end();
    for (const [agent, server] of lacking) {
      if (this.#reaches(agent, server)) {
        this.load.connected(server, Math.floor(second + (this.#random() * spreadMs) / 1000));
      }
    }
  }

  #eachAgent(perform: (agent: number) => void): void {
    for (let agent = 0; agent < this.#plan.agents; agent++) {
      perform(agent);
    }
  }
}
