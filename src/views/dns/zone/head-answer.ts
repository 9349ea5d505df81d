import type { DnsAnswer } from "../../../core/explain/explanation.ts";
import { EXTENDED_ERROR, type ExtendedError, RCODE } from "./record.ts";
import { headNode, headOwner, type ZonePool, type ZoneSettings } from "./zone.ts";
import { positiveReply } from "./zone-answer.ts";

const ERROR_TEXT: Readonly<Record<ExtendedError, string>> = {
  [EXTENDED_ERROR.STALE_ANSWER]: "Stale Answer",
  [EXTENDED_ERROR.NOT_READY]: "Not Ready",
};

/** What is answered to the question for the head of this pool. `view`: absent when there is no such pool. */
export function headAnswer(settings: ZoneSettings, pool: string, view: ZonePool | undefined): DnsAnswer {
  const reply = view && positiveReply(headNode(settings, pool, view), "SRV");
  const rcode = reply?.rcode ?? RCODE.NXDOMAIN;
  const [record] = reply?.answer ?? [];
  return {
    question: `${headOwner(settings.domain, pool)} SRV`,
    answer: record?.data.type === "SRV" ? `${record.data.target}:${record.data.port}` : null,
    rcode: Object.entries(RCODE).find(([, code]) => code === rcode)?.[0] ?? String(rcode),
    extended_error:
      reply?.extendedError === undefined
        ? null
        : { code: reply.extendedError, text: ERROR_TEXT[reply.extendedError] },
    ttl_s: record?.ttl ?? null,
  };
}
