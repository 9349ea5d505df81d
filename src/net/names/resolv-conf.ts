import { type Nameserver, nameserverAt } from "./nameserver.ts";

/** What a machine's resolv.conf says, with the defaults of resolv.conf(5) for what it leaves out. */
export interface ResolvConf {
  /** Never empty: a file without a nameserver means the one on this machine. */
  readonly nameservers: readonly Nameserver[];
  /** Domains appended to short names, without final dots. */
  readonly search: readonly string[];
  /** A name with at least this many dots is asked for as it is before the search list is tried. */
  readonly ndots: number;
  readonly timeoutMs: number | undefined;
  readonly attempts: number | undefined;
}

/** As in glibc's MAXNS: a fourth nameserver would add its timeouts to every failure, 2 × 2 s by default. */
const MAX_NAMESERVERS = 3;

/** The upper limits of resolv.conf(5): `timeout:100` counts as 30 s. */
const MAX_NDOTS = 15;
const MAX_TIMEOUT_SECONDS = 30;
const MAX_ATTEMPTS = 5;

/**
 * Reads what resolv.conf(5) describes: nameserver, search (or domain; the last line wins), options ndots, timeout and
 * attempts. Everything else, and whatever is malformed, is skipped as the C library skips it.
 */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: Nameserver[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/^\s*[#;].*|\s#.*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver") {
      const nameserver = nameserverAt(words[0] ?? "");
      nameservers.push(...(nameserver === undefined ? [] : [nameserver]));
    } else if (keyword === "search" || keyword === "domain") {
      search = domains(keyword === "domain" ? words.slice(0, 1) : words);
    } else if (keyword === "options") {
      readOptions(words, options);
    }
  }
  const timeoutSeconds = options.get("timeout");
  return {
    nameservers:
      nameservers.length > 0 ? nameservers.slice(0, MAX_NAMESERVERS) : [{ address: "127.0.0.1", port: 53 }],
    search,
    ndots: Math.min(options.get("ndots") ?? 1, MAX_NDOTS),
    timeoutMs: timeoutSeconds === undefined ? undefined : clamp(timeoutSeconds, MAX_TIMEOUT_SECONDS) * 1000,
    attempts: options.has("attempts") ? clamp(options.get("attempts") ?? 1, MAX_ATTEMPTS) : undefined,
  };
}

/** `search .` names the root: no suffix. */
function domains(words: readonly string[]): string[] {
  return words.map((word) => word.toLowerCase().replace(/\.$/, "")).filter((domain) => domain !== "");
}

function readOptions(words: readonly string[], options: Map<string, number>): void {
  for (const word of words) {
    const match = /^(ndots|timeout|attempts):(\d+)$/.exec(word);
    if (match?.[1] !== undefined) {
      options.set(match[1], Number(match[2]));
    }
  }
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 1), max);
}
