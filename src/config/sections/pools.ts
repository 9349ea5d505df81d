/** All pools by their names, which are names of DNS, too. */
import * as z from "zod";
import { mapping, quoted } from "../values.ts";
import type { OnDemandSettings } from "./on-demand.ts";
import { poolOptions, poolSettings, withDefaultsFor } from "./pool.ts";

const RESERVED_POOL_NAMES = ["addr", "all", "ns"];

/** Not a pool: the settings of those that questions start. */
export const TEMPLATE = "*";

/** Source: RFC 6335 §5.1 service names. */
const poolName = z.string().superRefine((name, context) => {
  if (name === TEMPLATE) {
    return;
  }
  const isServiceName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/i.test(name);
  if (!isServiceName || RESERVED_POOL_NAMES.includes(name.toLowerCase())) {
    const expected =
      "expected 1 to 15 letters, digits and inner hyphens with a letter, other than addr, all, ns";
    const help = isServiceName
      ? ""
      : "; for a Consul service of this name, backups.service of a pool names it";
    context.addIssue({
      code: "custom",
      message: `pool name ${quoted(name)}: ${expected}${help}`,
    });
  }
});

/** Two names that are the same to DNS. */
function twinOf(names: readonly string[]): readonly [string, string] | undefined {
  for (const [index, name] of names.entries()) {
    const first = names.slice(0, index).find((other) => other.toLowerCase() === name.toLowerCase());
    if (first !== undefined) {
      return [first, name];
    }
  }
  return undefined;
}

/** What can't be the same for whatever service a question names. */
function mistakesInTemplate(
  template: z.infer<typeof poolSettings> | undefined,
): readonly (readonly [readonly string[], string])[] {
  if (template === undefined) {
    return [];
  }
  const { backups, heartbeat = "none", servers } = template;
  const isFromQuestion = "expected no such key: the question says it";
  return [
    ...(backups === null ? [[["backups"], "expected Consul to be asked"] as const] : []),
    ...(backups?.service === undefined ? [] : [[["backups", "service"], isFromQuestion] as const]),
    ...(backups?.tag === undefined ? [] : [[["backups", "tag"], isFromQuestion] as const]),
    ...(servers.length > 0 ? [[["servers"], "expected no server: each service has its own"] as const] : []),
    ...(heartbeat === "none" ? [] : [[["heartbeat"], "expected none"] as const]),
  ];
}

export const poolsSettings = z
  .record(poolName, poolSettings.prefault({}), mapping)
  .refine((named) => Object.keys(named).length > 0, { error: "expected at least one pool" })
  .superRefine((named, context) => {
    const twin = twinOf(Object.keys(named));
    if (twin !== undefined) {
      const message = `expected names that differ in more than case: to DNS ${twin.join(" and ")} are one`;
      context.addIssue({ code: "custom", path: [twin[1]], message });
    }
    for (const [path, message] of mistakesInTemplate(named[TEMPLATE])) {
      context.addIssue({ code: "custom", path: [TEMPLATE, ...path], message });
    }
  })
  .transform((named) =>
    Object.fromEntries(
      Object.entries(named).map(([name, settings]) => [name, withDefaultsFor(name, settings)]),
    ),
  )
  .meta({
    description:
      'All pools by their names, which differ in more than case. `"*"` is no pool: a question for a service that no pool serves starts one with these settings.',
  });

type PoolsSettings = z.infer<typeof poolsSettings>;

/** Of the pools that are configured. */
export function poolsOptions(pools: PoolsSettings, consulWaitMs: number) {
  return Object.fromEntries(
    Object.entries(pools)
      .filter(([name]) => name !== TEMPLATE)
      .map(([name, settings]) => [name, poolOptions(settings, consulWaitMs)]),
  );
}

/** Of the pools that questions start; `undefined`: none does. */
export function onDemandOptions(
  { max_pools, starts_per_second, unused }: OnDemandSettings,
  pools: PoolsSettings,
  consulWaitMs: number,
) {
  const template = pools[TEMPLATE];
  return (
    template && {
      template: poolOptions(template, consulWaitMs),
      maxPools: max_pools,
      startsPerSecond: starts_per_second,
      unusedMs: unused,
    }
  );
}
