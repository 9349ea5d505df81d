import type { ResourceRecord } from "./record.ts";
import type { ZonePool, ZoneSettings } from "./zone.ts";

/**
 * The SOA; its serial is the second of the newest change, or the last serial where somebody has set the clock back
 * since.
 */
export function zoneSoa(settings: ZoneSettings, pools: Iterable<ZonePool>, lastSerial = 0): ResourceRecord {
  const newest = Math.max(0, ...Array.from(pools, (view) => view.snapshot.at));
  return {
    name: settings.domain,
    // RFC 2308: a negative answer lives for the smaller of the SOA's own TTL and its minimum; here they are one.
    ttl: settings.negativeTtlSeconds,
    data: {
      type: "SOA",
      mname: `ns.${settings.domain}`,
      rname: `hostmaster.${settings.domain}`,
      serial: Math.max(lastSerial, Math.floor(newest / 1000) >>> 0),
      // There is no secondary server; RIPE-203's values for a small zone.
      refresh: 86_400,
      retry: 7200,
      expire: 3_600_000,
      minimum: settings.negativeTtlSeconds,
    },
  };
}
