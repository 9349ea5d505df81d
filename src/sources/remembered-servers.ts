import { isOnlyRemembered } from "../core/claims.ts";
import type { Note } from "../core/journal-event.ts";
import { atAbort, Life } from "../core/life.ts";
import type { RememberedList } from "../core/pool-view.ts";
import type { Clock } from "../core/ports.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { Runnable } from "../core/running.ts";
import { endpointAt, ServerEndpoint } from "../core/server-endpoint.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";

interface RememberedPorts {
  readonly clock: Clock;
  readonly proxy: Pick<RpcProxy, "restoreServers" | "snapshot">;
  readonly note: Note;
}

/** A list as it was saved. */
export interface SavedList {
  /** Milliseconds since the Unix epoch. */
  readonly savedAt: number;
  /** In their order; addresses that can be dialled. */
  readonly servers: readonly { readonly address: string; readonly addresses: readonly string[] }[];
}

/**
 * What the state file remembers of a pool's list: backups until a source reports, and no longer than the greatest age.
 * The age is taken from the wall clock once, when the list is restored; from then on nobody can set it.
 */
export class RememberedServers implements Runnable {
  readonly #ports: RememberedPorts;
  #maxAgeMs = Number.POSITIVE_INFINITY;
  /** `restoredAt`: by `Clock.now`. */
  #list: { readonly savedAt: number; readonly ageMs: number; readonly restoredAt: number } | undefined;
  #cancel: () => void = () => undefined;
  readonly #life = new Life();
  #counted: { readonly members: Snapshot["members"]; readonly servers: number } | undefined;

  constructor(ports: RememberedPorts) {
    this.#ports = ports;
  }

  /** Before the sources run. A list that is too old is told, and not used; one of a later clock is new. */
  restore({ savedAt, servers }: SavedList, maxAgeMs: number): void {
    const { clock, note, proxy } = this.#ports;
    this.#maxAgeMs = maxAgeMs;
    const ageMs = Math.max(0, wallTimeOf(clock) - savedAt);
    if (servers.length === 0) {
      return;
    }
    if (ageMs >= maxAgeMs) {
      note({ kind: "state-expired", servers: servers.length, ageMs });
      return;
    }
    this.#list = { savedAt, ageMs, restoredAt: clock.now() };
    note({ kind: "state-restored", servers: servers.length, ageMs });
    proxy.restoreServers(servers.flatMap(({ address, addresses }) => endpointOf(address, addresses)));
    this.#await();
  }

  /** Another greatest age, from now on. */
  configure(maxAgeMs: number): void {
    this.#maxAgeMs = maxAgeMs;
    this.#await();
  }

  /** `undefined` when every listed server is named by a source. */
  status(): RememberedList | undefined {
    const list = this.#list;
    const servers = list === undefined ? 0 : this.#countServers();
    if (list === undefined || servers === 0) {
      return undefined;
    }
    const { ageMs, restoredAt, savedAt } = list;
    return { savedAt, servers, expiresAt: restoredAt + this.#maxAgeMs - ageMs };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      this.#await();
      return atAbort(signal, () => {
        this.#cancel();
      });
    });
  }

  #await(): void {
    this.#cancel();
    const list = this.#list;
    if (list === undefined || this.#life.isOver()) {
      return;
    }
    const { clock } = this.#ports;
    const leftMs = list.restoredAt + this.#maxAgeMs - list.ageMs - clock.now();
    this.#cancel = clock.after(Math.max(1, leftMs), () => {
      this.#expire();
    });
  }

  /** A timer may end early: what counts is the clock. */
  #expire(): void {
    const { clock, note, proxy } = this.#ports;
    const list = this.#list;
    const ageMs = list === undefined ? 0 : list.ageMs + clock.now() - list.restoredAt;
    if (list === undefined || ageMs < this.#maxAgeMs) {
      this.#await();
      return;
    }
    const servers = this.#countServers();
    this.#list = undefined;
    if (servers > 0) {
      note({ kind: "state-expired", servers, ageMs });
    }
    // Those that are barred, too.
    proxy.restoreServers([]);
  }

  /** The members are the same value while only their order changes: a long list is counted once. */
  #countServers(): number {
    const { members } = this.#ports.proxy.snapshot();
    if (this.#counted?.members !== members) {
      const servers = members.count(({ claims }) => isOnlyRemembered(claims));
      this.#counted = { members, servers };
    }
    return this.#counted.servers;
  }
}

function endpointOf(address: string, addresses: readonly string[]): readonly ServerEndpoint[] {
  const endpoint = endpointAt(address);
  return endpoint instanceof ServerEndpoint
    ? [endpoint.kind === "name" ? endpoint.withAddresses(addresses) : endpoint]
    : [];
}
