import type { Clock } from "./ports.ts";
import { EndpointError } from "./rpc-addr.ts";
import { endpointAt, type ServerEndpoint } from "./server-endpoint.ts";
import type { Wanter } from "./wanted-names.ts";

/**
 * Names of one list that are remembered and asked for; addresses are not counted. 1,000 with a TTL of 0 are 200
 * look-ups a second. What is over is left out: a list of names must not make work without an end.
 */
const MAX_NAMES = 1_000;

/**
 * So long a list waits for its names. Healthy nameservers answer within it, and addresses don't wait for silent ones.
 */
const PATIENCE_MS = 1_000;

/** What became of a list of addresses until now. */
export interface FoundServers {
  /** Those listed under the very address. */
  readonly listed: readonly ServerEndpoint[];
  /** The others, in the given order. */
  readonly newcomers: readonly ServerEndpoint[];
  readonly rejected: readonly EndpointError[];
}

/** A server, why it is none, or a name that has no address yet. */
type Entry = ServerEndpoint | EndpointError | { readonly wanted: ServerEndpoint };

/** A list of addresses as servers: addresses and listed names at once, the other names as they are found. */
export class Roll implements Wanter {
  readonly names: ReadonlyMap<string, ServerEndpoint>;
  readonly leftOut: number;
  /** Resolves when each name was asked for, or the patience is over, or another list took the place of this one. */
  readonly settled: Promise<void>;
  readonly #listed: ServerEndpoint[] = [];
  readonly #others: Entry[] = [];
  readonly #outcomes = new Map<string, ServerEndpoint | EndpointError>();
  readonly #late: (endpoint: ServerEndpoint) => void;
  #settle: () => void = () => undefined;
  #wasRead = false;
  #isReplaced = false;

  /** `late` takes what is found after the first `read`. */
  constructor(
    addrs: readonly string[],
    listed: (key: string) => ServerEndpoint | undefined,
    late: (endpoint: ServerEndpoint) => void,
    clock: Clock,
  ) {
    this.#late = late;
    const names = this.#sort(addrs, listed);
    const listedNames = this.#listed.filter(({ kind }) => kind === "name").length;
    this.names = new Map([...names].slice(0, Math.max(0, MAX_NAMES - listedNames)));
    this.leftOut = names.size - this.names.size;
    this.settled = this.names.size === 0 ? Promise.resolve() : this.#untilAsked(clock);
  }

  /** What is known now. */
  read(): FoundServers {
    this.#wasRead = true;
    const newcomers: ServerEndpoint[] = [];
    const rejected: EndpointError[] = [];
    for (const entry of this.#others) {
      const outcome = "wanted" in entry ? this.#outcomeOf(entry.wanted) : entry;
      if (outcome instanceof EndpointError) {
        rejected.push(outcome);
      } else {
        newcomers.push(outcome);
      }
    }
    return { listed: this.#listed, newcomers, rejected };
  }

  found(endpoint: ServerEndpoint): void {
    this.#note(endpoint.key, endpoint);
    if (this.#wasRead) {
      this.#late(endpoint);
    }
  }

  failed({ key }: ServerEndpoint, error: EndpointError): void {
    this.#note(key, error);
  }

  get isReplaced(): boolean {
    return this.#isReplaced;
  }

  replaced(): void {
    this.#isReplaced = true;
    this.#settle();
  }

  /** @returns the names that are not listed, by key. */
  #sort(
    addrs: readonly string[],
    listed: (key: string) => ServerEndpoint | undefined,
  ): ReadonlyMap<string, ServerEndpoint> {
    const names = new Map<string, ServerEndpoint>();
    for (const addr of addrs) {
      const known = listed(addr);
      if (known !== undefined) {
        this.#listed.push(known);
        continue;
      }
      const endpoint = endpointAt(addr);
      if (endpoint instanceof EndpointError || endpoint.kind !== "name") {
        this.#others.push(endpoint);
        continue;
      }
      const other = listed(endpoint.key);
      this.#others.push(other ?? { wanted: endpoint });
      if (other === undefined) {
        names.set(endpoint.key, endpoint);
      }
    }
    return names;
  }

  #outcomeOf({ key, name }: ServerEndpoint): ServerEndpoint | EndpointError {
    if (!this.names.has(key)) {
      const expectation = `expected at most ${MAX_NAMES} names in a list`;
      return new EndpointError("too-many-names", name, expectation);
    }
    const unanswered = "expected a name with an address (no answer yet)";
    return this.#outcomes.get(key) ?? new EndpointError("name-unresolvable", name, unanswered);
  }

  #note(key: string, outcome: ServerEndpoint | EndpointError): void {
    this.#outcomes.set(key, outcome);
    if (this.#outcomes.size === this.names.size) {
      this.#settle();
    }
  }

  #untilAsked(clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(PATIENCE_MS, resolve);
      this.#settle = () => {
        cancel();
        resolve();
      };
    });
  }
}
