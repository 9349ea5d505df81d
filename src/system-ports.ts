/** The core's ports on a real machine. */
import { LookUps } from "./core/look-ups.ts";
import type { Clock, Logger, Random, Resolver } from "./core/ports.ts";
import { DnsResolver } from "./net/names/dns-resolver.ts";

/**
 * 24.8 days: Node fires a timer of more at once, which would make a rebalance after another one. A longer delay ends
 * here.
 */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};

export const systemRandom: Random = () => Math.random();

/**
 * The machine's own nameservers and hosts file, read when a name is asked for; one limit for all look-ups of the
 * process.
 */
export const systemResolver: Resolver = new LookUps(new DnsResolver());

const nothing = () => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
