import type { Fleet } from "../../src/core/fleet.ts";
import type { Random } from "../../src/core/ports.ts";
import { rebalanceIntervalMs } from "../../src/core/rebalance.ts";
import { headIntervalMs, reconnectDelayMs, standbyDelayMs } from "../../src/core/time/fleet-pace.ts";
import { FleetLoad } from "./fleet-load.ts";
import { type ListState, ListStates } from "./list-states.ts";
import { SecondQueue } from "./second-queue.ts";
import { Standbys } from "./standbys.ts";

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

/** The default of `health.interval`. */
export const HEALTH_INTERVAL_MS = 125;

/** The fleet as its agents know it. */
export function fleetOf({ agents, servers }: FleetPlan): Fleet {
  return { numServers: servers, numNodes: agents };
}

/**
 * A fleet under a virtual clock. Every agent holds a connection to its head and to the next server of its list; a new
 * next server is dialled after the monitor's delay. A crash closes connections and is seen at once; a cut is silent and
 * seen by the next ping of the head, after which each further server that does not answer costs one ping's timeout.
 * Connections to servers that come back are spread by jitter.
 */
export class Simulation {
  readonly load: FleetLoad;
  readonly #plan: FleetPlan;
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #troubles: Troubles;
  readonly #states: ListStates;
  readonly #stateOf: Uint16Array;
  readonly #standbys: Standbys;
  readonly #queue: SecondQueue;

  constructor(plan: FleetPlan, random: Random) {
    const seconds = Math.round(plan.hours * 3600);
    this.#plan = plan;
    this.#fleet = fleetOf(plan);
    this.#random = random;
    this.#troubles = troublesOf(plan.hours);
    this.#states = new ListStates(plan.servers, plan.agents, random);
    this.#stateOf = new Uint16Array(plan.agents);
    this.load = new FleetLoad(plan.servers, seconds);
    this.#standbys = new Standbys(plan.agents, this.load, (...contact) => this.#reaches(...contact));
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
        this.load.sample((server) => !this.#isLost(server, second));
      }
    }
    this.#eachAgent((agent) => {
      this.#standbys.end(agent, this.#listOf(agent).servers[1], this.load.seconds);
    });
    return this.load;
  }

  /**
   * All agents start in the same second, before a heartbeat has told them the size of the fleet: nothing is spread yet.
   */
  #startAll(): void {
    this.#eachAgent((agent) => {
      const state = this.#states.started();
      const [head = 0] = state.servers;
      this.#stateOf[agent] = state.id;
      this.load.connected(head, 0);
      this.#countHead(head, 1);
      this.#standbys.dial(agent, 0);
      this.#schedule(agent, this.#random() * 1000);
    });
  }

  #listOf(agent: number): ListState {
    return this.#states.get(this.#stateOf[agent] ?? 0);
  }

  #schedule(agent: number, nowMs: number): void {
    const intervalMs = rebalanceIntervalMs(this.#fleet, this.#random);
    this.load.drewInterval(intervalMs);
    this.#queue.add(agent, nowMs + intervalMs);
  }

  #countHead(head: number, by: 1 | -1): void {
    const { heads } = this.load;
    heads[head] = (heads[head] ?? 0) + by;
  }

  #isLost(server: number, second: number): boolean {
    const { lostAt, backAt } = this.#troubles;
    return server === LOST_SERVER && second >= lostAt && second < backAt;
  }

  #reaches(agent: number, server: number, second: number): boolean {
    const { cutAt, healedAt } = this.#troubles;
    const isCut = second >= cutAt && second < healedAt;
    const isApart = (agent % DATACENTERS === 0) !== (server % DATACENTERS === 0);
    return !this.#isLost(server, second) && !(isCut && isApart);
  }

  /** The agent's list changes: a new head is dialled at once, a new next server after the monitor's delay. */
  #take(agent: number, before: ListState, after: ListState, second: number): void {
    if (after === before) {
      return;
    }
    const [oldHead = 0, oldNext] = before.servers;
    const [head = 0, next] = after.servers;
    this.#stateOf[agent] = after.id;
    this.#countHead(oldHead, -1);
    this.#countHead(head, 1);
    const isHeld = head === oldHead || (head === oldNext && this.#standbys.isDialled(agent, second));
    if (!isHeld && this.#reaches(agent, head, second)) {
      this.load.connected(head, second);
    }
    if (next === oldNext) {
      return;
    }
    this.#standbys.end(agent, oldNext, second);
    if (next === oldHead) {
      this.#standbys.keep(agent, second);
    } else {
      const delayMs = standbyDelayMs(this.#fleet, this.#random);
      this.#standbys.dial(agent, Math.floor(second + delayMs / 1000));
    }
  }

  #rebalance(agent: number, second: number): void {
    const state = this.#listOf(agent);
    const next = this.#states.rebalanced(state, (server) => this.#reaches(agent, server, second));
    this.load.rebalances += state.servers.length > 1 ? 1 : 0;
    this.#take(agent, state, next, second);
    this.#schedule(agent, second * 1000 + this.#random() * 1000);
  }

  /** The head did not answer: rotate to the next, and when that does not answer either, again one timeout later. */
  #unanswered(agent: number, second: number): void {
    const state = this.#listOf(agent);
    const [head = 0] = state.servers;
    if (state.servers.length < 2 || this.#reaches(agent, head, second)) {
      return;
    }
    const next = this.#states.headFailed(state);
    this.#take(agent, state, next, second);
    const canReachAny = state.servers.some((server) => this.#reaches(agent, server, second));
    if (canReachAny && !this.#reaches(agent, next.servers[0] ?? 0, second)) {
      this.#queue.add(this.#plan.agents + agent, second * 1000 + this.#random() * 1000 + PING_TIMEOUT_MS);
    }
  }

  #trouble(second: number): void {
    const { lostAt, backAt, cutAt, healedAt } = this.#troubles;
    if (second === lostAt) {
      this.#eachAgent((agent) => {
        this.#unanswered(agent, second);
      });
    } else if (second === cutAt) {
      const intervalMs = headIntervalMs(HEALTH_INTERVAL_MS, this.#fleet);
      this.#eachAgent((agent) => {
        const seenMs = second * 1000 + this.#random() * intervalMs + PING_TIMEOUT_MS;
        this.#queue.add(this.#plan.agents + agent, seenMs);
      });
    } else if (second === backAt || second === healedAt) {
      this.#reconnect(second);
    }
  }

  /** What an agent could not reach until now it connects to after a jitter that grows with the fleet. */
  #reconnect(second: number): void {
    this.#eachAgent((agent) => {
      const [head, next] = this.#listOf(agent).servers;
      // A next server that has not been dialled yet is dialled in its time.
      for (const server of this.#standbys.isDialled(agent, second) ? [head, next] : [head]) {
        if (
          server !== undefined &&
          !this.#reaches(agent, server, second - 1) &&
          this.#reaches(agent, server, second)
        ) {
          const delayMs = reconnectDelayMs(HEALTH_INTERVAL_MS, this.#fleet, this.#random);
          this.load.connected(server, Math.floor(second + delayMs / 1000));
        }
      }
    });
  }

  #eachAgent(perform: (agent: number) => void): void {
    for (let agent = 0; agent < this.#plan.agents; agent++) {
      perform(agent);
    }
  }
}
