import type { Patience, WatchedAddress } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import type { Observe } from "../../core/routine.ts";
import { Running } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { FleetWaits, WaitLength } from "../../core/time/fleet-waits.ts";
import type { Connector, HeldConnection } from "../../net/connection/held-connection.ts";
import type { Health, HealthEvent, Role } from "./health-state.ts";
import { NameWatch, type NameWatchOptions } from "./name-watch.ts";
import { patienceWith } from "./patience.ts";
import { closingsOf, lastFoundAt, type PingAnswer, type WatchState } from "./server-health.ts";
import { ServerWatch, type Watch } from "./server-watch.ts";
import type { WatchPauses } from "./watch-pauses.ts";

interface WatchesPorts {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly waits: FleetWaits;
  readonly timeoutMs: () => number;
  readonly pauses: WatchPauses;
  /** What is known now. */
  readonly health: () => Health;
  readonly report: (event: HealthEvent) => void;
  readonly observe?: Observe | undefined;
}

/** What is seen of one watched server. */
export interface Watched {
  readonly key: string;
  readonly role: Role;
  readonly state: WatchState;
  readonly lastAnswer: PingAnswer | undefined;
  readonly patience: Patience;
  /** When it is dialled next, by `Clock.now`. */
  readonly dialsAt: number | undefined;
}

/** The servers that are watched now, by role. */
export class Watches {
  readonly #ports: WatchesPorts;
  readonly #byRole = new Map<Role, Watch>();
  readonly #running = new Running();

  constructor(ports: WatchesPorts) {
    this.#ports = ports;
  }

  of(role: Role): Watch | undefined {
    return this.#byRole.get(role);
  }

  /** `undefined` when the server is not watched. */
  stateOf(key: string): WatchState | undefined {
    return this.#watchOf(key)?.state;
  }

  /** `undefined` when the server is not watched, or has not answered since. */
  answerOf(key: string): PingAnswer | undefined {
    return this.#watchOf(key)?.lastAnswer;
  }

  /** The open connection to this server; `undefined` when none is held. */
  connectionTo(key: string): HeldConnection | undefined {
    const connection = this.#watchOf(key)?.connection;
    return connection?.state.phase === "open" ? connection : undefined;
  }

  /** All that a connection is held to, or dialled. */
  addresses(): readonly WatchedAddress[] {
    return [...this.#byRole.values()].flatMap(({ addresses }) => addresses);
  }

  states(): Watched[] {
    return [...this.#byRole].map(([role, { dialsAt, key, lastAnswer, state }]) => ({
      key,
      role,
      state,
      lastAnswer,
      patience: this.#patienceWith(key),
      dialsAt,
    }));
  }

  #watchOf(key: string): Watch | undefined {
    return [...this.#byRole.values()].find((watch) => watch.key === key);
  }

  #patienceWith(key: string): Patience {
    const { clock, health, timeoutMs } = this.#ports;
    return patienceWith(health().roundTrips.get(key), timeoutMs(), clock.now());
  }

  /** Keeps the watches of servers that are still wanted, in whatever role, and starts those that are new. */
  follow(wanted: ReadonlyMap<Role, ServerEndpoint>): void {
    const before = new Map([...this.#byRole.values()].map((watch) => [watch.key, watch]));
    const previousHead = this.of("head");
    this.#byRole.clear();
    for (const [role, endpoint] of wanted) {
      const kept = before.get(endpoint.key);
      const watch = kept ?? this.#newWatch(endpoint);
      watch.retarget(endpoint);
      this.#byRole.set(role, watch);
      if (role === "head" && kept !== undefined && kept !== previousHead) {
        kept.hurry();
      }
    }
    this.#running.follow(this.#byRole.values());
  }

  /** Ends all. Resolves when no connection is left. */
  async end(): Promise<void> {
    this.#byRole.clear();
    await this.#running.end();
  }

  #newWatch(endpoint: ServerEndpoint): Watch {
    const { health, observe, pauses, report, ...shared } = this.#ports;
    const isHead = () => this.of("head") === watch;
    const options: NameWatchOptions = {
      ...shared,
      closings: closingsOf(health().records, endpoint.key),
      pace: {
        drawFirst: () => (isHead() ? undefined : this.#drawStandbyDelay(endpoint.key)),
        interval: (fleet) => pauses.interval(isHead(), fleet),
        dialInterval: (fleet) => pauses.dialInterval(isHead(), fleet),
        drawPause: (closings, isDown) => {
          const isOutage = health().search !== undefined;
          return pauses.drawBetween({ isHead: isHead(), isOutage, isDown, closings });
        },
      },
      patience: () => this.#patienceWith(endpoint.key),
      drawAddressDelay: () => pauses.drawBeforeNext(false, 0),
      report: (news) => {
        report({ ...news, server: watch.endpoint });
      },
      onPing: (result, tookMs) => {
        const role = isHead() ? "head" : "standby";
        observe?.({ kind: "pinged", role, server: endpoint.key, result, tookMs });
      },
    };
    const watch: Watch =
      endpoint.kind === "name" ? new NameWatch(endpoint, options) : new ServerWatch(endpoint, options);
    return watch;
  }

  /** Until a server is dialled that becomes the next one. */
  #drawStandbyDelay(key: string): WaitLength {
    const { records } = this.#ports.health();
    return this.#ports.pauses.drawBeforeNext(lastFoundAt(records, key) > 0, closingsOf(records, key));
  }
}
