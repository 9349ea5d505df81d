import type { TestContext } from "node:test";
import { silentLogger, systemClock } from "../../../src/system-ports.ts";
import { DnsServer } from "../../../src/views/dns/dns-server.ts";
import type { DnsServerOptions } from "../../../src/views/dns/dns-server-options.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import type { ZonePool } from "../../../src/views/dns/zone/zone.ts";

export const ZONE = "headwaiter.internal";

export function dnsServer(options: Partial<DnsServerOptions> = {}): DnsServer {
  return new DnsServer({
    listen: [{ host: "127.0.0.1", port: 0 }],
    domain: ZONE,
    ttlSeconds: 0,
    negativeTtlSeconds: 1,
    sockets: 1,
    logger: silentLogger,
    clock: systemClock,
    ...options,
  });
}

export interface Serving {
  readonly dns: DnsServer;
  readonly address: DnsAddress;
}

/** A running server with these pools; the caller stops it. */
export async function started(
  pools: Readonly<Record<string, ZonePool>>,
  options: Partial<DnsServerOptions> = {},
): Promise<Serving> {
  const dns = dnsServer(options);
  dns.update(new Map(Object.entries(pools)));
  await dns.start();
  const address = dns.addresses()[0];
  if (address === undefined) {
    throw new Error("the server listens nowhere");
  }
  return { dns, address };
}

/** A running server that stops with the test. */
export async function serving(
  t: TestContext,
  pools: Readonly<Record<string, ZonePool>>,
  options: Partial<DnsServerOptions> = {},
): Promise<Serving> {
  const running = await started(pools, options);
  t.after(() => running.dns.stop());
  return running;
}
