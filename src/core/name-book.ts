import { dialableAddresses } from "./ip-address.ts";
import type { Clock, Resolution, Resolver } from "./ports.ts";
import { EndpointError, parseRpcAddr, ServerEndpoint } from "./server-endpoint.ts";

/** How often expired names are looked for, so also the shortest time a TTL is kept: 100 names of TTL 0 make 20 questions a second. */
const SWEEP_INTERVAL_MS = 5_000;

/** A TTL of a day must not pin a server's old address for a day: names are asked for at least every hour. */
const MAX_TTL_MS = 3_600_000;

/** A server that fails 50 times a second must not become 50 questions a second. */
const MIN_ASK_INTERVAL_MS = 1_000;

/** The last question for a name, and the newest answer to any. */
interface Asked {
  readonly at: number;
  readonly expiresAt: number;
  readonly answer?: { readonly question: number; readonly addresses: readonly string[] } | undefined;
}

/** What became of a list of addresses. */
interface FoundServers {
  /** Those listed under the very address. */
  readonly listed: ServerEndpoint[];
  /** The others, in the given order. */
  readonly newcomers: ServerEndpoint[];
  readonly rejected: EndpointError[];
}

/**
 * Turns addresses into endpoints and keeps the addresses of named servers fresh: asked for again when the TTL is over
 * and after a failure. A name that stops resolving keeps its last addresses. An answer that comes after the answer to a
 * later question is not used. (v0.4.0 resolved a name once, for ever.)
 */
export class NameBook {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #asked = new Map<string, Asked>();
  readonly #underWay = new Set<AbortController>();
  #questions = 0;

  constructor(resolver: Resolver, clock: Clock) {
    this.#resolver = resolver;
    this.#clock = clock;
  }

  /**
   * The endpoint of an address, or why it can't be used; a promise only where a name has to be asked for. The name of
   * a listed server is not asked for again.
   */
  find(
    text: string,
    listed: (key: string) => ServerEndpoint | undefined,
  ): ServerEndpoint | EndpointError | Promise<ServerEndpoint | EndpointError> {
    try {
      const addr = parseRpcAddr(text);
      const endpoint = new ServerEndpoint(text, addr, [addr.host]);
      return addr.kind === "name" ? (listed(endpoint.key) ?? this.#resolve(endpoint)) : endpoint;
    } catch (error) {
      if (error instanceof EndpointError) {
        return error;
      }
      throw error;
    }
  }

  /** The endpoints of several addresses; all names are asked for at once. */
  async findAll(
    addrs: readonly string[],
    listed: (key: string) => ServerEndpoint | undefined,
  ): Promise<FoundServers> {
    const found: FoundServers = { listed: [], newcomers: [], rejected: [] };
    const unlisted: ReturnType<NameBook["find"]>[] = [];
    for (const addr of addrs) {
      const known = listed(addr);
      if (known === undefined) {
        unlisted.push(this.find(addr, listed));
      } else {
        found.listed.push(known);
      }
    }
    for (const outcome of unlisted) {
      // All names are being asked for already; an address literal costs no promise.
      const endpoint = outcome instanceof Promise ? await outcome : outcome;
      if (endpoint instanceof EndpointError) {
        found.rejected.push(endpoint);
      } else {
        found.newcomers.push(endpoint);
      }
    }
    return found;
  }

  async #resolve(endpoint: ServerEndpoint): Promise<ServerEndpoint | EndpointError> {
    try {
      return endpoint.withAddresses(await this.#ask(endpoint));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const expectation = `expected a name with an address (${reason})`;
      return new EndpointError("name-unresolvable", endpoint.name, expectation, { cause: error });
    }
  }

  /** The addresses of the server now; `undefined` for a literal, when it was asked for just now, or nobody answered. */
  async refresh(endpoint: ServerEndpoint): Promise<readonly string[] | undefined> {
    const asked = this.#asked.get(endpoint.key);
    if (endpoint.kind !== "name" || (asked && this.#clock.now() - asked.at < MIN_ASK_INTERVAL_MS)) {
      return undefined;
    }
    try {
      return await this.#ask(endpoint);
    } catch {
      return undefined;
    }
  }

  /** Refreshes every listed server whose TTL is over, until the signal aborts; that also ends all look-ups under way. */
  run(
    signal: AbortSignal,
    listed: () => readonly ServerEndpoint[],
    refresh: (server: ServerEndpoint) => void,
  ): void {
    if (signal.aborted) {
      return;
    }
    let cancel: () => void = () => undefined;
    const sweepLater = () => {
      cancel = this.#clock.after(SWEEP_INTERVAL_MS, () => {
        for (const server of this.#expired(listed())) {
          refresh(server);
        }
        sweepLater();
      });
    };
    sweepLater();
    const end = () => {
      cancel();
      for (const question of this.#underWay) {
        question.abort(signal.reason);
      }
    };
    signal.addEventListener("abort", end, { once: true });
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
    return named.filter((server) => (this.#asked.get(server.key)?.expiresAt ?? 0) <= now);
  }

  /** The newest addresses of the name: those of a later question, when that was answered meanwhile. */
  async #ask({ key, host }: ServerEndpoint): Promise<readonly string[]> {
    const at = this.#clock.now();
    const question = ++this.#questions;
    this.#asked.set(key, { at, expiresAt: at + SWEEP_INTERVAL_MS, answer: this.#asked.get(key)?.answer });
    const { addresses, ttlSeconds } = await this.#look(host);
    const asked = this.#asked.get(key);
    if (asked?.answer !== undefined && asked.answer.question > question) {
      return asked.answer.addresses;
    }
    this.#asked.set(key, {
      at: Math.max(at, asked?.at ?? at),
      // Whatever the resolver says: what is no TTL is none.
      expiresAt: at + (ttlSeconds > 0 ? Math.min(ttlSeconds * 1000, MAX_TTL_MS) : 0),
      answer: { question, addresses },
    });
    return addresses;
  }

  async #look(host: string): Promise<Resolution> {
    const underWay = new AbortController();
    this.#underWay.add(underWay);
    try {
      const resolution = await this.#resolver.resolve(host, underWay.signal);
      underWay.signal.throwIfAborted();
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
