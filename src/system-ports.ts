/** The core's ports on a real machine. */
import type { Clock, Logger, Random, Resolver } from "./core/ports.ts";
import { DnsResolver } from "./dns/resolver/dns-resolver.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

export const systemRandom: Random = () => Math.random();

/** The machine's own nameservers and hosts file, read when a name is asked for. */
export const systemResolver: Resolver = new DnsResolver();

const nothing = () => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
