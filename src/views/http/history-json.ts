/** Recent figures as JSON shows them. */
import type { Figures } from "../../core/figures/recent-figures.ts";
import { rfc3339 } from "../../core/time/rfc3339.ts";

export function historyJson({ dnsQueries, fromAt, pools, stepMs }: Figures) {
  const shown = [...pools].map(([name, addresses]) => {
    const servers = [...addresses].map(([address, { rttMs, server }]) => [
      address,
      { server, rtt_ms: rttMs.map(tenths) },
    ]);
    return [name, { servers: Object.fromEntries(servers) as Record<string, ServerJson> }];
  });
  return {
    from_at: rfc3339(fromAt),
    step_ms: stepMs,
    dns: { queries: dnsQueries.map(tenths) },
    pools: Object.fromEntries(shown) as Record<string, { servers: Record<string, ServerJson> }>,
  };
}

interface ServerJson {
  server: string;
  rtt_ms: (number | null)[];
}

function tenths(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10) / 10;
}
