/** All pools by their names, which are names of DNS, too. */
import { z } from "zod";
import { mapping, quoted } from "../values.ts";
import { poolOptions, poolSettings, withDefaultsFor } from "./pool.ts";

const RESERVED_POOL_NAMES = ["addr", "all", "ns"];

/** Source: RFC 6335 §5.1 service names. */
const poolName = z.string().superRefine((name, context) => {
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

export const poolsSettings = z
  .record(poolName, poolSettings.prefault({}), mapping)
  .refine((named) => Object.keys(named).length > 0, { error: "expected at least one pool" })
  .superRefine((named, context) => {
    const twin = twinOf(Object.keys(named));
    if (twin !== undefined) {
      const message = `expected names that differ in more than case: to DNS ${twin.join(" and ")} are one`;
      context.addIssue({ code: "custom", path: [twin[1]], message });
    }
  })
  .transform((named) =>
    Object.fromEntries(
      Object.entries(named).map(([name, settings]) => [name, withDefaultsFor(name, settings)]),
    ),
  )
  .meta({ description: "All pools by their names, which differ in more than case." });

export function poolsOptions(pools: z.infer<typeof poolsSettings>, consulWaitMs: number) {
  return Object.fromEntries(
    Object.entries(pools).map(([name, settings]) => [name, poolOptions(settings, consulWaitMs)]),
  );
}
