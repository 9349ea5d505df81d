/** The core's ports on a real machine. */
import { lookup } from "node:dns/promises";
import type { Clock, Logger, Random, Resolver } from "./core/ports.ts";

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

/** The machine's own resolver. It tells no TTL: names are asked for again every minute. */
export const systemResolver: Resolver = {
  resolve: async (host) => {
    const found = await lookup(host, { all: true });
    return { addresses: found.map(({ address }) => address), ttlSeconds: 60 };
  },
};

const nothing = () => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
