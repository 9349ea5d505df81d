import { dialableAddresses } from "./ip-address.ts";
import { atAbort } from "./life.ts";
import { LookUps } from "./look-ups.ts";
import { messageOf } from "./message-of.ts";
import type { Clock, Resolution, Resolver } from "./ports.ts";
import { EndpointError } from "./rpc-addr.ts";
import { endpointAt, type ServerEndpoint } from "./server-endpoint.ts";

/**
 * How often expired names are looked for, so also the shortest time a TTL is kept: 100 names of TTL 0 make 20 questions
 * a second.
 */
const SWEEP_INTERVAL_MS = 5_000;

/** A TTL of a day must not pin a server's old address for a day: names are asked for at least every hour. */
const MAX_TTL_MS = 3_600_000;

/** A server that fails 50 times a second must not become 50 questions a second. */
const MIN_ASK_INTERVAL_MS = 1_000;

/**
 * Look-ups for one server at the same time: the newest counts, and one that hangs does not keep the next from being
 * asked.
 */
const MAX_UNDER_WAY = 2;

/** The last question for a name, and the newest answer to any. */
interface Asked {
  readonly at: number;
  readonly expiresAt: number;
  readonly answer?: { readonly question: number; readonly addresses: readonly string[] } | undefined;
}

/**
 * Turns addresses into endpoints and keeps the addresses of named servers fresh: asked for again when the TTL is over
 * and after a failure. A name that stops resolving keeps its last addresses. An answer that comes after the answer to a
 * later question is not used. (v0.4.0 resolved a name once, for ever.)
 */
export class NameBook {
  readonly #lookUps: LookUps;
  readonly #clock: Clock;
  readonly #sweeps: Resolver;
  readonly #asked = new Map<string, Asked>();
  /** Each look-up, with the key of its server. */
  readonly #underWay = new Map<AbortController, string>();
  #questions = 0;
  /** Sets the next sweep, unless it is set; of a book that does not run it sets none. */
  #sweepLater: () => void = () => undefined;

  constructor(resolver: Resolver, clock: Clock) {
    this.#lookUps = LookUps.over(resolver);
    this.#clock = clock;
    this.#sweeps = this.lane();
  }

  /** A queue for look-ups that belong together. */
  lane(): Resolver {
    return this.#lookUps.lane();
  }

  /**
   * The endpoint of an address, or why it can't be used; a promise only where a name has to be asked for. The name of
   * a listed server is not asked for again.
   */
  find(
    text: string,
    listed: (key: string) => ServerEndpoint | undefined,
  ): ServerEndpoint | EndpointError | Promise<ServerEndpoint | EndpointError> {
    const endpoint = endpointAt(text);
    return endpoint instanceof EndpointError || endpoint.kind !== "name"
      ? endpoint
      : (listed(endpoint.key) ?? this.lookUp(endpoint, this.lane()));
  }

  /** Asks for the name of a server that is not listed. Never rejects. */
  async lookUp(
    endpoint: ServerEndpoint,
    lane: Resolver,
    signal?: AbortSignal,
  ): Promise<ServerEndpoint | EndpointError> {
    try {
      return endpoint.withAddresses(await this.#ask(endpoint, lane, signal));
    } catch (error) {
      this.#asked.delete(endpoint.key);
      const reason = messageOf(error);
      const expectation = `expected a name with an address (${reason})`;
      return new EndpointError("name-unresolvable", endpoint.name, expectation, { cause: error });
    }
  }

  /**
   * The addresses of the server now; `undefined` for a literal, when it was asked for just now, or nobody answered.
   * Without a lane it is asked for at once, before those whose TTL is over.
   */
  async refresh(endpoint: ServerEndpoint, lane = this.lane()): Promise<readonly string[] | undefined> {
    const asked = this.#asked.get(endpoint.key);
    const isTooSoon = asked !== undefined && this.#clock.now() - asked.at < MIN_ASK_INTERVAL_MS;
    if (endpoint.kind !== "name" || isTooSoon || this.#countUnderWay(endpoint.key) >= MAX_UNDER_WAY) {
      return undefined;
    }
    try {
      return await this.#ask(endpoint, lane);
    } catch {
      return undefined;
    }
  }

  /**
   * Refreshes every listed server whose TTL is over, until the signal aborts; that also ends all look-ups under way.
   * While no name is listed, it looks for none.
   */
  run(
    signal: AbortSignal,
    listed: () => readonly ServerEndpoint[],
    refresh: (server: ServerEndpoint, lane: Resolver) => void,
  ): Promise<void> {
    let cancel: (() => void) | undefined;
    const sweep = () => {
      cancel = undefined;
      const expired = this.#expired(listed());
      for (const server of expired) {
        refresh(server, this.#sweeps);
      }
      if (expired.length > 0 || this.#asked.size > 0) {
        this.#sweepLater();
      }
    };
    this.#sweepLater = () => {
      cancel ??= this.#clock.after(SWEEP_INTERVAL_MS, sweep);
    };
    this.#sweepLater();
    return atAbort(signal, () => {
      cancel?.();
      this.#sweepLater = () => undefined;
      for (const question of this.#underWay.keys()) {
        question.abort(signal.reason);
      }
    });
  }

  #expired(listed: readonly ServerEndpoint[]): ServerEndpoint[] {
    const now = this.#clock.now();
    const named = listed.filter((server) => server.kind === "name");
    const keys = new Set(named.map((server) => server.key));
    for (const key of this.#asked.keys()) {
      if (!keys.has(key)) {
        this.#asked.delete(key);
      }
    }
    const underWay = new Set(this.#underWay.values());
    return named.filter(({ key }) => (this.#asked.get(key)?.expiresAt ?? 0) <= now && !underWay.has(key));
  }

  #countUnderWay(key: string): number {
    return [...this.#underWay.values()].filter((other) => other === key).length;
  }

  /** The newest addresses of the name: those of a later question, when that was answered meanwhile. */
  async #ask(
    { key, host }: ServerEndpoint,
    lane: Resolver,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const at = this.#clock.now();
    const question = ++this.#questions;
    this.#note(key, { at, expiresAt: at + SWEEP_INTERVAL_MS, answer: this.#asked.get(key)?.answer });
    const { addresses, ttlSeconds } = await this.#look(key, lane, host, signal);
    const asked = this.#asked.get(key);
    if (asked?.answer !== undefined && asked.answer.question > question) {
      return asked.answer.addresses;
    }
    this.#note(key, {
      at: Math.max(at, asked?.at ?? at),
      // Whatever the resolver says: what is no TTL is none.
      expiresAt: at + (ttlSeconds > 0 ? Math.min(ttlSeconds * 1000, MAX_TTL_MS) : 0),
      answer: { question, addresses },
    });
    return addresses;
  }

  #note(key: string, asked: Asked): void {
    this.#asked.set(key, asked);
    this.#sweepLater();
  }

  async #look(key: string, lane: Resolver, host: string, unwanted?: AbortSignal): Promise<Resolution> {
    const underWay = new AbortController();
    const signal = unwanted === undefined ? underWay.signal : AbortSignal.any([underWay.signal, unwanted]);
    this.#underWay.set(underWay, key);
    try {
      const resolution = await lane.resolve(host, signal);
      signal.throwIfAborted();
      const addresses = dialableAddresses(resolution.addresses);
      if (addresses.length === 0) {
        throw new Error("empty answer");
      }
      return { ...resolution, addresses };
    } finally {
      this.#underWay.delete(underWay);
    }
  }
}
