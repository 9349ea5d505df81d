/** What is said of pools: the list, why, and what happened. */
import * as z from "zod";
import type { Explanation } from "../../../core/explain/explanation.ts";
import type { Gap } from "../../../core/timeline/timeline.ts";
import type { poolJson, summaryOf } from "../pool-json.ts";
import { code, count, countOrNull, text, textOrNull, texts, time, timeOrNull } from "./parts.ts";

const cause = z.strictObject({ occurrence: code, source: text, server: textOrNull, reason: textOrNull });

const summary = {
  name: text,
  on_demand: z.boolean().describe("Whether a question started it."),
  idle: z.boolean().describe("Whether nobody asks for it: then its servers are pinged less often."),
  index: count.describe("Of the last event that concerns the pool."),
  state: z.enum(["starting", "empty", "live", "stale", "outage"]),
  state_since_at: timeOrNull,
  ready: z.boolean(),
  head_address: textOrNull,
};
export const poolSummary = z.strictObject(summary) satisfies z.ZodType<ReturnType<typeof summaryOf>>;

const watch = z.strictObject({
  role: z.enum(["head", "standby"]),
  phase: z.enum(["connecting", "up", "down"]),
  since_at: timeOrNull,
  last_answer_at: timeOrNull,
  rtt_ms: z.number().nonnegative().nullable(),
  usual_rtt_ms: z.number().nonnegative().nullable(),
  late_after_ms: z.number().positive(),
  silent_after_ms: z.number().positive(),
});

const tier = z.enum(["primary", "backup"]);

const server = z.strictObject({
  address: text,
  addresses: texts,
  position: z.int().positive(),
  tier: tier.nullable(),
  claims: z.record(text, tier).describe("What each source holds it for."),
  watch: watch.nullable().describe("Of the head and the next server; `null`: not watched."),
  down: z.strictObject({ since_at: timeOrNull, reason: textOrNull, in_this_pass: z.boolean() }).nullable(),
  penalty: z.strictObject({ until_at: time, failures: count }).nullable(),
  changed_at: timeOrNull,
});

const source = z.strictObject({
  state: z.enum(["waiting", "ok", "failing"]),
  since_at: timeOrNull,
  attempt: countOrNull,
  last_success_at: timeOrNull,
  next_at: timeOrNull,
  server: textOrNull,
  datacenter: textOrNull,
  servers: countOrNull,
  index: countOrNull,
  empty_until_at: timeOrNull,
  error: z.strictObject({ code: textOrNull, text }).nullable(),
  warnings: texts,
});

const stateFile = z.strictObject({ saved_at: time, expires_at: time, servers: count });

const next = z.strictObject({
  code,
  server: textOrNull,
  at: time,
  may_change_head: z.boolean(),
  text,
});

const unlistedCode = z.enum(["newer-api", "other-region", "unresolvable"]);

export const pool = z.strictObject({
  ...summary,
  revision: count,
  head: z.strictObject({ address: text, since_at: time, cause }).nullable(),
  contact: z.enum(["held", "orphaned"]),
  leader: textOrNull,
  num_nodes: count,
  counts: z.strictObject({ primary: count, backup: count, down: count, penalised: count }),
  servers: z.array(server),
  servers_total: count,
  servers_shown: count,
  unlisted: z.array(z.strictObject({ address: text, code: unlistedCode, reason: text })),
  sources: z
    .object({ state_file: stateFile.nullable().describe("What no source vouches for; `null`: nothing.") })
    .catchall(source),
  next: z.array(next),
}) satisfies z.ZodType<ReturnType<typeof poolJson>>;

/** What every event has; its kind has more. */
export const event = z.looseObject({
  index: count,
  at: time,
  pool: textOrNull,
  kind: code,
  severity: z.enum(["info", "warn", "error"]),
  summary: text,
  repeats: z.exactOptional(z.int().positive()),
  first_at: z.exactOptional(time),
});

export const gap = z.strictObject({
  kind: z.literal("gap"),
  after: count,
  oldest: countOrNull.describe("The first event that is held; `null`: none is."),
  lost: countOrNull.describe("Events that are gone; `null`: not known."),
}) satisfies z.ZodType<Gap>;

const chance = z.number().min(0).max(1).nullable();

export const explanation = z.strictObject({
  pool: text,
  at: time,
  index: count,
  head: textOrNull,
  state: summary.state,
  verdict: text,
  dns: z.strictObject({
    question: text,
    answer: textOrNull,
    rcode: text,
    extended_error: z.strictObject({ code: count, text }).nullable(),
    ttl_s: countOrNull,
  }),
  because: z.array(z.strictObject({ code, text, at: timeOrNull, event: countOrNull })),
  others: z.array(
    z.strictObject({
      address: text,
      position: z.int().positive().nullable(),
      not_head: z.array(
        z.strictObject({
          code: z.enum([
            "later-in-order",
            "down",
            "down-in-this-pass",
            "penalised",
            "backup-while-primary",
            "closes-at-once",
            ...unlistedCode.options,
          ]),
          text,
          until_at: timeOrNull,
        }),
      ),
      would_be_head: z.array(z.strictObject({ if: text, chance, text })),
    }),
  ),
  others_total: count,
  what_if: z.array(
    z.strictObject({
      if: text,
      head: textOrNull,
      candidates: z.array(z.strictObject({ address: text, chance })),
      candidates_total: count,
      text,
    }),
  ),
  next: z.array(next),
  limits: z.array(z.strictObject({ code, text })),
  recent: z.array(event),
}) satisfies z.ZodType<Explanation>;
