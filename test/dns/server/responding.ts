import { Counters } from "../../../src/dns/counters.ts";
import { Responder } from "../../../src/dns/responder.ts";
import type { DnsPool } from "../../../src/dns/server.ts";
import type { PoolView, ZoneSettings } from "../../../src/dns/zone.ts";
import { ZoneEncoder } from "../../../src/dns/zone-encoder.ts";

export const SETTINGS: ZoneSettings = {
  domain: "headwaiter.internal",
  ttlSeconds: 0,
  negativeTtlSeconds: 1,
  nameServerAddresses: ["127.0.0.1"],
};

/** A responder without sockets, with the table that a server would have. */
export function respondingFor(
  pools: Readonly<Record<string, DnsPool | PoolView>>,
  settings: ZoneSettings = SETTINGS,
): { readonly responder: Responder; readonly counters: Counters } {
  const counters = new Counters();
  const responder = new Responder(counters);
  const views = Object.entries(pools).map(
    ([name, view]) => [name, { headReason: undefined, ...view }] as const,
  );
  responder.replace(new ZoneEncoder(settings).encode(new Map(views)));
  return { responder, counters };
}
