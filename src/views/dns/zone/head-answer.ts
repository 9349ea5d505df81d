import type { DnsAnswer } from "../../../core/explain/explanation.ts";
import { EXTENDED_ERROR, type ExtendedError, RCODE } from "./record.ts";
import { headOwner, poolNodes, type ZonePool, type ZoneSettings } from "./zone.ts";
import { positiveReply } from "./zone-answer.ts";

const ERROR_TEXT: Readonly<Record<ExtendedError, string>> = {
  [EXTENDED_ERROR.STALE_ANSWER]: "Stale Answer",
  [EXTENDED_ERROR.NOT_READY]: "Not Ready",
};

/** What is answered to the question for the head of this pool. `view`: absent when there is no such pool. */
export function headAnswer(settings: ZoneSettings, pool: string, view: ZonePool | undefined): DnsAnswer {
  const owner = headOwner(settings.domain, pool);
  const node = view && poolNodes(settings, pool, view).get(owner);
  const reply = node && positiveReply(node, "SRV");
  const rcode = reply?.rcode ?? RCODE.NXDOMAIN;
  const [record] = reply?.answer ?? [];
  return {
    question: `${owner} SRV`,
    answer: record?.data.type === "SRV" ? `${record.data.target}:${record.data.port}` : null,
    rcode: Object.entries(RCODE).find(([, code]) => code === rcode)?.[0] ?? String(rcode),
    extended_error:
      reply?.extendedError === undefined
        ? null
        : { code: reply.extendedError, text: ERROR_TEXT[reply.extendedError] },
    ttl_s: record?.ttl ?? null,
  };
}
