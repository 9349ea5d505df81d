import type { ServerEndpoint } from "../../../../src/core/server-endpoint.ts";
import type { WaitLength } from "../../../../src/core/time/fleet-waits.ts";
import type { HeldConnection } from "../../../../src/net/connection/held-connection.ts";
import type { Watch, WatchState } from "./server-watch.ts";

export type Role = "head" | "standby";

interface WatchesOptions {
  readonly newWatch: (endpoint: ServerEndpoint) => Watch;
  /** Until a server is dialled that becomes the next one. */
  readonly drawStandbyDelay: (key: string) => WaitLength;
}

/** The servers that are watched now, by role. */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #byRole = new Map<Role, Watch>();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  get head(): Watch | undefined {
    return this.#byRole.get("head");
  }

  get standby(): Watch | undefined {
    return this.#byRole.get("standby");
  }

  /** The open connection to this server; `undefined` when none is held. */
  connectionTo(key: string): HeldConnection | undefined {
    const connection = [...this.#byRole.values()].find((watch) => watch.key === key)?.connection;
    return connection?.state.phase === "open" ? connection : undefined;
  }

  states(): { readonly key: string; readonly role: Role; readonly state: WatchState }[] {
    return [...this.#byRole].map(([role, { key, state }]) => ({ key, role, state }));
  }

  /** Keeps the watches of servers that are still wanted, in whatever role, and starts those that are new. */
  follow(wanted: ReadonlyMap<Role, ServerEndpoint>): void {
    const before = new Map([...this.#byRole.values()].map((watch) => [watch.key, watch]));
    const previousHead = this.head;
    this.#byRole.clear();
    const fresh: Watch[] = [];
    for (const [role, endpoint] of wanted) {
      const kept = before.get(endpoint.key);
      const watch = kept ?? this.#options.newWatch(endpoint);
      before.delete(endpoint.key);
      watch.retarget(endpoint);
      this.#byRole.set(role, watch);
      if (kept === undefined) {
        fresh.push(watch);
      } else if (role === "head" && kept !== previousHead) {
        kept.hurry();
      }
    }
    for (const watch of before.values()) {
      watch.stop();
    }
    for (const watch of fresh) {
      watch.start(watch === this.head ? undefined : this.#options.drawStandbyDelay(watch.key));
    }
  }

  /** Closes every connection. */
  stop(): void {
    for (const watch of this.#byRole.values()) {
      watch.stop();
    }
    this.#byRole.clear();
  }
}
