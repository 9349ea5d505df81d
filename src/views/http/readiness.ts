import { type HttpApi, poolOf } from "./http-api.ts";
import { poolFacts } from "./pool-facts.ts";
import { summaryOf } from "./pool-json.ts";
import { shownWarning } from "./shown-warning.ts";

/** Ready: DNS is served and every pool has a head, but for those that questions started. */
export interface Readiness {
  readonly ready: boolean;
  /** The pools without a head. */
  readonly waiting: readonly string[];
  readonly dns: string;
  /** Only the state file vouches for the list of a pool: ready, but what it knows is old. */
  readonly stale: boolean;
  /**
   * What is not as it should be with the pools' sources, for as long as it lasts. Nothing of it makes the agent less
   * ready.
   */
  readonly warnings: readonly ({ readonly pool: string } & ReturnType<typeof shownWarning>)[];
}

/** @param only the pool that counts; by default all do. @throws ApiError `unknown-pool`. */
export function readinessOf(
  { clock, dnsState, pools }: Pick<HttpApi, "clock" | "dnsState" | "pools">,
  only?: string,
): Readiness {
  const asked =
    only === undefined
      ? [...pools].filter(([, pool]) => pool.onDemand !== true)
      : [[only, poolOf({ pools }, only)] as const];
  const waiting = asked.filter(([, pool]) => !pool.isReady()).map(([name]) => name);
  const dns = dnsState();
  const stale = asked.some(([, pool]) => pool.listState() === "stale");
  const warnings = asked.flatMap(([name, pool]) =>
    pool.warnings().map((warning) => ({ pool: name, ...shownWarning(warning, clock) })),
  );
  return { ready: waiting.length === 0 && dns === "serving", waiting, dns, stale, warnings };
}

/** As HTTP shows it: with what each pool waits for. @throws ApiError `unknown-pool`. */
export function readinessJson(api: HttpApi, only?: string) {
  const configured = [...api.pools].filter(([, pool]) => pool.onDemand !== true).map(([name]) => name);
  const names = only === undefined ? configured : [only];
  return {
    ...readinessOf(api, only),
    stopping: api.isStopping(),
    pools: Object.fromEntries(names.map((name) => [name, waitOf(api, name)])),
  };
}

function waitOf(api: HttpApi, name: string) {
  const facts = poolFacts(api, name);
  const ready = poolOf(api, name).isReady();
  const waited = facts.view.sources.filter(({ state }) => !ready && state !== "ok");
  return {
    ready,
    waits_for: waited.map(({ source }): string => source),
    since_at: summaryOf(facts).state_since_at,
  };
}
