/** What changes when a pool is given other settings: a pure difference. */
import { isDeepStrictEqual } from "node:util";
import type { Config, PoolConfig } from "../config/schema.ts";

/** The parts of a pool that are made anew when their settings change; others go on with the new ones. */
export type PartName = "consul" | "heartbeat" | "health" | "region";

type PoolConfigs = Readonly<Record<string, PoolConfig>>;

/** What of the agent's configuration every pool shares; `consul`: how it is reached. */
export type Place = Pick<Config, "datacenter" | "region" | "consul">;

export function placeOf({ consul, datacenter, region }: Place): Place {
  return { consul, datacenter, region };
}

/**
 * What each part is made from. The configured servers, the list's policy and the times of health are set while they
 * run: a setting that is in no row makes nothing anew.
 */
const MADE_FROM: Readonly<Record<PartName, readonly (keyof Made)[]>> = {
  consul: ["backups", "consul"],
  /** `servers`: those that the configuration names may get the token. */
  heartbeat: ["heartbeat", "tls", "tokenFile", "sendToken", "servers", "datacenter", "region"],
  health: ["ping", "tls", "region"],
  region: ["heartbeat", "ping", "tls", "tokenFile", "sendToken", "servers", "region"],
};

export const PART_NAMES = Object.keys(MADE_FROM) as readonly PartName[];

/** A pool's settings, where files may stand for what is in them. */
type Made = { readonly [Key in keyof PoolConfig | keyof Place]?: unknown };

/** The parts that have to be made anew. */
export function changedParts(before: Made, after: Made): ReadonlySet<PartName> {
  const differs = (key: keyof Made) => !isDeepStrictEqual(before[key], after[key]);
  return new Set(PART_NAMES.filter((part) => MADE_FROM[part].some(differs)));
}

/** How one set of pools becomes another; those that are in both are kept, whatever their settings. */
export function poolsPlan(before: PoolConfigs, after: PoolConfigs) {
  const isIn = (pools: PoolConfigs) => (name: string) => Object.hasOwn(pools, name);
  const isOutOf = (pools: PoolConfigs) => (name: string) => !Object.hasOwn(pools, name);
  return {
    added: Object.keys(after).filter(isOutOf(before)),
    removed: Object.keys(before).filter(isOutOf(after)),
    kept: Object.keys(after).filter(isIn(before)),
  };
}
