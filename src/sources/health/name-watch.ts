import { atAbort, Life } from "../../core/life.ts";
import type { WatchedAddress } from "../../core/pool-view.ts";
import { Running } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { WaitLength } from "../../core/time/fleet-waits.ts";
import type { HeldConnection } from "../../net/connection/held-connection.ts";
import { secondOpinion, silentFailure } from "./second-opinion.ts";
import type { Failure, PingAnswer, WatchNews, WatchState } from "./server-health.ts";
import { ServerWatch, type Watch } from "./server-watch.ts";
import type { WatchOptions } from "./watch-options.ts";

/**
 * Addresses of one name that are watched: a connection is held to each. Of a name with more the others are given to
 * nobody.
 */
const MAX_WATCHED = 8;

/** One of several addresses answered, or failed. */
interface AddressNews {
  readonly kind: "address-heard";
  readonly address: string;
  readonly failure: Failure | undefined;
}

export interface NameWatchOptions extends Omit<WatchOptions, "report"> {
  /** Until a further address is dialled, while another one answers. */
  readonly drawAddressDelay: () => WaitLength;
  readonly report: (news: WatchNews | AddressNews) => void;
}

/**
 * Watches a server that is known by name: at each of the name's addresses, as each may be another machine. The server
 * is up while one answers, and down when none does. It is for one life.
 */
export class NameWatch implements Watch {
  readonly key: string;
  readonly #options: NameWatchOptions;
  readonly #byAddress = new Map<string, ServerWatch>();
  /** Addresses that take connections and close them at once: that they open, or answer once, proves nothing. */
  readonly #closing = new Set<string>();
  #endpoint: ServerEndpoint;
  readonly #life = new Life();
  readonly #running = new Running();

  constructor(endpoint: ServerEndpoint, options: NameWatchOptions) {
    this.key = endpoint.key;
    this.#endpoint = endpoint;
    this.#options = options;
  }

  get endpoint(): ServerEndpoint {
    return this.#endpoint;
  }

  /** One that is open and answers, when there is one; to be used, not to be closed. */
  get connection(): HeldConnection | undefined {
    const watches = [...this.#byAddress.values()];
    return (watches.find(({ state }) => state.phase === "up") ?? watches[0])?.connection;
  }

  get state(): WatchState {
    const states = [...this.#byAddress.values()].map(({ state }) => state);
    const up = states
      .filter((state) => state.phase === "up")
      .toSorted((one, other) => one.since - other.since)[0];
    const down = states
      .filter((state) => state.phase === "down")
      .toSorted((one, other) => other.since - one.since);
    return up ?? (down.length === states.length ? down[0] : undefined) ?? { phase: "connecting" };
  }

  /** The last of all its addresses. */
  get lastAnswer(): PingAnswer | undefined {
    return [...this.#byAddress.values()]
      .flatMap(({ lastAnswer }) => lastAnswer ?? [])
      .toSorted((one, other) => other.at - one.at)[0];
  }

  get addresses(): readonly WatchedAddress[] {
    return [...this.#byAddress.values()].flatMap(({ addresses }) => addresses);
  }

  /** The first of all its addresses; `undefined` while one of them answers. */
  get dialsAt(): number | undefined {
    const watches = [...this.#byAddress.values()];
    const times = watches.flatMap(({ dialsAt }) => dialsAt ?? []);
    return this.state.phase === "up" || times.length === 0 ? undefined : Math.min(...times);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      const first = this.#options.pace.drawFirst();
      this.#follow(() => first);
      return atAbort(signal, () => this.#running.end());
    });
  }

  /** The name has other addresses now, or others are the best. */
  retarget(endpoint: ServerEndpoint): void {
    this.#endpoint = endpoint;
    if (!this.#life.isOver()) {
      this.#follow(() => (this.state.phase === "up" ? this.#options.drawAddressDelay() : undefined));
    }
  }

  foundDown(failure: Failure): void {
    for (const watch of [...this.#byAddress.values()]) {
      watch.foundDown(failure);
    }
  }

  hurry(): void {
    for (const watch of this.#byAddress.values()) {
      watch.hurry();
    }
  }

  #follow(drawFirst: () => WaitLength | undefined): void {
    const wanted = this.#endpoint.addresses.slice(0, MAX_WATCHED);
    for (const address of this.#byAddress.keys()) {
      if (!wanted.includes(address)) {
        this.#byAddress.delete(address);
        this.#closing.delete(address);
      }
    }
    for (const address of wanted) {
      if (!this.#byAddress.has(address)) {
        this.#byAddress.set(address, this.#newWatch(address, drawFirst));
      }
    }
    this.#running.follow(this.#byAddress.values());
  }

  #newWatch(address: string, drawFirst: () => WaitLength | undefined): ServerWatch {
    return new ServerWatch(this.#endpoint.at(address), {
      ...this.#options,
      pace: { ...this.#options.pace, drawFirst },
      report: (news) => {
        this.#heard(address, news);
      },
    });
  }

  #heard(address: string, news: WatchNews): void {
    switch (news.kind) {
      case "answered":
        this.#answered(address, news);
        return;
      case "failed":
        this.#failed(address, news);
        return;
      case "not-asked":
        this.#options.report(news);
        return;
      case "late":
        this.#late(address, news);
        return;
      case "silent":
        this.#judge(address, news);
    }
  }

  /** An address that is only being connected to is no news while another one answers. */
  #late(address: string, news: Extract<WatchNews, { kind: "late" }>): void {
    if (this.#byAddress.get(address)?.state.phase === "up") {
      this.#askOthers(address);
      this.#options.report(news);
    } else if (this.state.phase !== "up") {
      this.#options.report(news);
    }
  }

  /** Where one address is late, the others are asked: a second opinion. */
  #askOthers(address: string): void {
    for (const [other, watch] of this.#byAddress) {
      if (other !== address && watch.state.phase === "up") {
        watch.hurry();
      }
    }
  }

  /** It hangs when another address answers meanwhile; where none of them is left, others than this name are asked. */
  #judge(address: string, news: Extract<WatchNews, { kind: "silent" }>): void {
    const others = [...this.#byAddress].filter(([other]) => other !== address);
    const evidence = secondOpinion(
      news.silence,
      others.map(([name, { lastAnswer, state }]) => ({ name, lastAnswer, state })),
    );
    if (evidence !== undefined) {
      this.#byAddress.get(address)?.foundDown(silentFailure(evidence));
    } else if (others.every(([, { isSilent, state }]) => isSilent || state.phase === "down")) {
      this.#options.report(news);
    } else {
      this.#askOthers(address);
    }
  }

  #answered(address: string, news: Extract<WatchNews, { kind: "answered" }>): void {
    if (news.lasted || !this.#closing.has(address)) {
      this.#closing.delete(address);
      this.#tell(address);
    }
    this.#options.report(news);
  }

  #failed(address: string, news: Extract<WatchNews, { kind: "failed" }>): void {
    if (news.failure.closesAtOnce) {
      this.#closing.add(address);
    }
    this.#tell(address, news.failure);
    if (this.state.phase === "down") {
      this.#options.report(news);
    }
  }

  #tell(address: string, failure?: Failure): void {
    if (this.#endpoint.addresses.length > 1) {
      this.#options.report({ kind: "address-heard", address, failure });
    }
  }
}
