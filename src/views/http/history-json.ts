/** Recent figures as JSON shows them. */
import type { Figures } from "../../core/figures/recent-figures.ts";
import { rfc3339 } from "../../core/time/rfc3339.ts";
import { tenths } from "../../core/time/spans.ts";

export function historyJson({ dnsQueries, fromAt, pools, stepMs }: Figures) {
  const byPool = [...pools].map(([name, addresses]) => {
    const servers = [...addresses].map(([address, { rttMs, server }]) => [
      address,
      { server, rtt_ms: rttMs.map(shown) },
    ]);
    return [name, { servers: Object.fromEntries(servers) as Record<string, ServerJson> }];
  });
  return {
    from_at: rfc3339(fromAt),
    step_ms: stepMs,
    dns: { queries: dnsQueries.map(shown) },
    pools: Object.fromEntries(byPool) as Record<string, { servers: Record<string, ServerJson> }>,
  };
}

interface ServerJson {
  server: string;
  rtt_ms: (number | null)[];
}

function shown(value: number | undefined): number | null {
  return value === undefined ? null : tenths(value);
}
