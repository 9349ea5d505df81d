import type { Resolution, Resolver } from "../../core/ports.ts";
import { lookUpAddresses } from "./address-lookup.ts";
import { type Hosts, parseHosts } from "./hosts-file.ts";
import { LastAddresses } from "./last-addresses.ts";
import { type Nameserver, parseNameserverAddress } from "./nameserver.ts";
import type { AskPolicy } from "./nameserver-failover.ts";
import { ParsedFile } from "./parsed-file.ts";
import { parseResolvConf, type ResolvConf } from "./resolv-conf.ts";
import { ResolveError } from "./resolve-error.ts";
import { namesToAsk } from "./search-list.ts";

export interface DnsResolverOptions {
  /**
   * `address` or `address:port`, asked in this order, names as they are; none (the default) means those of resolv.conf.
   */
  readonly nameservers?: readonly string[];
  /** Milliseconds that a nameserver has for one try; otherwise resolv.conf's, otherwise 2,000. */
  readonly timeoutMs?: number;
  /** Rounds through the nameservers; otherwise resolv.conf's, otherwise 2. */
  readonly attempts?: number;
  readonly resolvConfPath?: string;
  readonly hostsPath?: string;
}

/**
 * A nameserver that has to ask the world answers within a second. Two that are down cost 2 × 2 × 2 s = 8 s until a name
 * fails (20 s with the C library's 5 s).
 */
const DEFAULT_TIMEOUT_MS = 2_000;

/** One more round: a lost datagram must not lose a name. */
const DEFAULT_ATTEMPTS = 2;

/**
 * The hosts file has no TTL and costs a stat(2) to look at: its names are asked for again as soon as the core likes.
 */
const HOSTS_TTL_SECONDS = 5;

/** RFC 6761, section 6.3: never asked of a nameserver. */
const LOCALHOST = ["127.0.0.1", "::1"];

/**
 * Resolves names through dns2, which encodes the questions and decodes the answers, behind a guard and with sockets of
 * our own: the hosts file first, then the nameservers in order. Keeps the two parsed files and the last addresses of
 * names, which count only while nobody answers for one of the families: the TTL is the caller's to honour.
 */
export class DnsResolver implements Resolver {
  readonly #options: DnsResolverOptions;
  #nameservers: readonly Nameserver[];
  readonly #resolvConf: ParsedFile<ResolvConf>;
  readonly #hosts: ParsedFile<Hosts>;
  readonly #last = new LastAddresses();

  /** @throws ResolveError `nameserver-invalid`. */
  constructor(options: DnsResolverOptions = {}) {
    this.#options = { ...options };
    this.#nameservers = (options.nameservers ?? []).map(parseNameserverAddress);
    this.#resolvConf = new ParsedFile(options.resolvConfPath ?? "/etc/resolv.conf", parseResolvConf);
    this.#hosts = new ParsedFile(options.hostsPath ?? "/etc/hosts", parseHosts);
  }

  /**
   * Asks these nameservers from the next look-up on; of names that nobody answers for, the last addresses stay.
   * @throws ResolveError `nameserver-invalid`; nothing has changed then.
   */
  configure({ nameservers = [] }: Pick<DnsResolverOptions, "nameservers">): void {
    this.#nameservers = nameservers.map(parseNameserverAddress);
  }

  /**
   * Takes at most nameservers × attempts × timeout for each name of the search list (twice that when every answer is
   * truncated), and leaves no socket or timer behind.
   * @throws ResolveError whose message names the host.
   */
  async resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    try {
      return (await this.#fromHosts(host)) ?? (await this.#fromNameservers(host, signal));
    } catch (error) {
      const failure = ResolveError.from(error, "server-failure");
      throw failure.because(`name ${JSON.stringify(host)}: ${failure.message}`);
    }
  }

  async #fromHosts(host: string): Promise<Resolution | undefined> {
    const name = host.toLowerCase().replace(/\.$/, "");
    const isLocal = name === "localhost" || name.endsWith(".localhost");
    const addresses = (await this.#hosts.content()).get(name) ?? (isLocal ? LOCALHOST : undefined);
    return addresses && { addresses: [...addresses], ttlSeconds: HOSTS_TTL_SECONDS };
  }

  /** A search goes on past names that do not exist, and stops at a failure: it must not end at the wrong name. */
  async #fromNameservers(host: string, signal: AbortSignal | undefined): Promise<Resolution> {
    const { names, policy } = await this.#plan(host);
    let failure: ResolveError | undefined;
    for (const name of names) {
      try {
        return await lookUpAddresses(name, policy, this.#last, signal);
      } catch (error) {
        const latest = ResolveError.from(error, "server-failure");
        if (!latest.isAboutTheName) {
          throw latest;
        }
        failure = failure?.code === "no-address" ? failure : latest;
      }
    }
    throw failure ?? new ResolveError("no-such-name", "no such name");
  }

  async #plan(host: string): Promise<{ names: readonly string[]; policy: AskPolicy }> {
    const conf = this.#nameservers.length > 0 ? undefined : await this.#resolvConf.content();
    return {
      names: namesToAsk(host, conf ?? { search: [], ndots: 1 }),
      policy: {
        nameservers: conf?.nameservers ?? this.#nameservers,
        timeoutMs: this.#options.timeoutMs ?? conf?.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        attempts: this.#options.attempts ?? conf?.attempts ?? DEFAULT_ATTEMPTS,
      },
    };
  }
}
