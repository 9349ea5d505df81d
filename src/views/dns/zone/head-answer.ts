import type { DnsAnswer } from "../../../core/explain/explanation.ts";
import { type ConsulZoneSettings, serviceNames, serviceNode } from "./consul-zone.ts";
import { EXTENDED_ERROR, type ExtendedError, RCODE } from "./record.ts";
import { headNode, headOwner, type ZoneNode, type ZonePool, type ZoneSettings } from "./zone.ts";
import { positiveReply } from "./zone-answer.ts";

const ERROR_TEXT: Readonly<Record<ExtendedError, string>> = {
  [EXTENDED_ERROR.STALE_ANSWER]: "Stale Answer",
  [EXTENDED_ERROR.NOT_READY]: "Not Ready",
  [EXTENDED_ERROR.NO_REACHABLE_AUTHORITY]: "No Reachable Authority",
};

/**
 * What is answered to the question for the head of this pool. `view`: absent when there is no such pool. `consul`:
 * absent when Consul's names are not served.
 */
export function headAnswer(
  settings: ZoneSettings,
  pool: string,
  view: ZonePool | undefined,
  consul?: ConsulZoneSettings,
): DnsAnswer {
  const [owner, node] = view === undefined ? [] : headOf(settings, pool, view, consul);
  const reply = node && positiveReply(node, "SRV");
  const rcode = reply?.rcode ?? RCODE.NXDOMAIN;
  const [record] = reply?.answer ?? [];
  return {
    question: `${owner ?? headOwner(settings.domain, pool)} SRV`,
    answer: record?.data.type === "SRV" ? `${record.data.target}:${record.data.port}` : null,
    rcode: Object.entries(RCODE).find(([, code]) => code === rcode)?.[0] ?? String(rcode),
    extended_error:
      reply?.extendedError === undefined
        ? null
        : { code: reply.extendedError, text: ERROR_TEXT[reply.extendedError] },
    ttl_s: record?.ttl ?? null,
  };
}

/** The name of the head, and what there is: a tag of a service has names only among Consul's. */
function headOf(
  settings: ZoneSettings,
  pool: string,
  view: ZonePool,
  consul: ConsulZoneSettings | undefined,
): readonly [string, ZoneNode] | [] {
  if (!pool.includes(".")) {
    return [headOwner(settings.domain, pool), headNode(settings, pool, view)];
  }
  const { service } = view;
  const [owner] = consul === undefined || service === undefined ? [] : serviceNames(consul, service);
  return consul === undefined || owner === undefined ? [] : [owner, serviceNode(consul, owner, view)];
}
