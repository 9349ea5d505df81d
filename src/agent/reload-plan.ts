/** What changes when a pool is given other settings: a pure difference. */
import { isDeepStrictEqual } from "node:util";
import type { PoolConfig } from "../config/schema.ts";

/** The parts of a pool that are made anew when their settings change; others go on with the new ones. */
export type PartName = "consul" | "heartbeat" | "health" | "region";

type PoolConfigs = Readonly<Record<string, PoolConfig>>;

/**
 * What each part is made from. The configured servers, the list's policy and the times of health are set while they
 * run: a setting that is in no row makes nothing anew.
 */
const MADE_FROM: Readonly<Record<PartName, readonly (keyof PoolConfig)[]>> = {
  consul: ["backups"],
  /** `servers`: those that the configuration names may get the token. */
  heartbeat: ["heartbeat", "tls", "tokenFile", "sendToken", "servers"],
  health: ["ping", "tls"],
  region: ["heartbeat", "ping", "tls", "tokenFile", "sendToken", "servers"],
};

export const PART_NAMES = Object.keys(MADE_FROM) as readonly PartName[];

/** A pool's settings, where files may stand for what is in them. */
type Made = { readonly [Key in keyof PoolConfig]?: unknown };

/** The parts that have to be made anew. */
export function changedParts(before: Made, after: Made): ReadonlySet<PartName> {
  const differs = (key: keyof PoolConfig) => !isDeepStrictEqual(before[key], after[key]);
  return new Set(PART_NAMES.filter((part) => MADE_FROM[part].some(differs)));
}

/** Names of pools. */
export interface PoolsPlan {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** How one set of pools becomes another. A pool whose settings are the same is in no list. */
export function poolsPlan(before: PoolConfigs, after: PoolConfigs): PoolsPlan {
  return {
    added: Object.keys(after).filter((name) => !Object.hasOwn(before, name)),
    removed: Object.keys(before).filter((name) => !Object.hasOwn(after, name)),
    changed: Object.keys(after).filter(
      (name) => Object.hasOwn(before, name) && !isDeepStrictEqual(before[name], after[name]),
    ),
  };
}
