/**
 * What each route answers, as schemas: read for the description of the API, and held against real replies by a test.
 * Members are added, never taken away; a reader takes those that it does not know as they are.
 */
import * as z from "zod";
import { REPORT_VERDICTS } from "../../../core/feedback.ts";
import type { historyJson } from "../history-json.ts";
import type { readinessJson } from "../readiness.ts";
import { code, count, countOrNull, text, textOrNull, texts, time, timeOrNull } from "./parts.ts";
import { event, explanation, gap, pool, poolSummary } from "./pool-schemas.ts";

const ready = z.strictObject({
  ready: z.boolean(),
  waiting: texts.describe("Pools without a head."),
  dns: text,
  stale: z.boolean().describe("Only the state file vouches for the list of a pool."),
  warnings: z.array(z.strictObject({ pool: text, message: text, since: time })),
  stopping: z.boolean(),
  pools: z.record(
    text,
    z.strictObject({
      ready: z.boolean(),
      waits_for: texts.describe("Sources that have not reported, or fail; of a pool that is not ready."),
      since_at: timeOrNull,
    }),
  ),
}) satisfies z.ZodType<ReturnType<typeof readinessJson>>;

const self = z.strictObject({
  version: text,
  api: z.literal(1),
  instance: text.describe("Random, for one life of the process."),
  started_at: time,
  now_at: time,
  config: z.strictObject({
    hash: text,
    restart_hash: text,
    loaded_at: time,
    files: texts,
    restart_needed: texts.describe("Keys that keep their old values until a restart."),
  }),
  dns: z.strictObject({
    state: text,
    addresses: texts,
    domain: text,
    listener: z
      .enum(["batched", "dns2"])
      .nullable()
      .describe("What takes queries over UDP: many a call, or one a call. `null`: nothing yet."),
  }),
  pools: texts,
  features: texts,
});

const status = z.strictObject({
  state: z.enum(["ok", "degraded", "failing"]),
  problems: z.array(z.strictObject({ code, pool: textOrNull, since_at: timeOrNull, text })),
});

const reported = z.strictObject({
  verdict: z.enum(REPORT_VERDICTS),
  head: textOrNull.describe("The head now."),
  checked_ms: countOrNull.describe("`null`: it was not asked."),
  text,
});

const reload = z.strictObject({
  dry_run: z.boolean(),
  hash: text,
  applied: texts,
  unchanged: count,
  needs_restart: texts,
  pools: z.strictObject({ added: texts, removed: texts, changed: texts }),
});

const refusedAddress = z.strictObject({ address: text, code, error: text });

const labels = z.record(text, text);
const metric = z.strictObject({
  name: text,
  type: z.enum(["counter", "gauge", "histogram"]),
  help: text,
  samples: z.array(z.looseObject({ labels })),
});

const measured = z
  .array(z.number().nonnegative().nullable())
  .describe("One for each step, the oldest first; `null`: nothing was measured.");
const history = z.strictObject({
  from_at: time.describe("When the first step began."),
  step_ms: count,
  dns: z.strictObject({ queries: measured.describe("In a second.") }),
  pools: z.record(
    text,
    z.strictObject({
      servers: z
        .record(text, z.strictObject({ server: text, rtt_ms: measured }))
        .describe("By address as `host:port`: those that are watched, or were."),
    }),
  ),
}) satisfies z.ZodType<ReturnType<typeof historyJson>>;

export const REPLIES = {
  Health: z.strictObject({ status: z.literal("alive") }),
  Ready: ready,
  Self: self,
  Status: status,
  Servers: texts,
  AddedServers: z.strictObject({ added: texts, known: texts, rejected: z.array(refusedAddress) }),
  Pools: z.strictObject({ pools: z.array(poolSummary) }),
  Pool: pool,
  Explanation: explanation,
  Events: z.array(z.union([gap, event])),
  HeartbeatTaken: z.strictObject({
    rejected: z.array(refusedAddress),
    rejected_more: z.exactOptional(count),
  }),
  Rebalance: z.strictObject({ rebalance: z.literal("begun") }),
  Reported: reported,
  Reload: reload,
  History: history,
  Metrics: z.strictObject({ metrics: z.array(metric) }),
};

export type ReplyName = keyof typeof REPLIES;

/** As JSON schemas by their names; whoever reads a reply may find members that are not in them. */
export function replySchemas(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(REPLIES).map(([name, reply]) => [
      name,
      z.toJSONSchema(reply, {
        override: ({ jsonSchema }) => {
          if (jsonSchema.additionalProperties === false) {
            delete jsonSchema.additionalProperties;
          }
        },
      }),
    ]),
  );
}
