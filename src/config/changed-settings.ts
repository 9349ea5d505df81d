/** What a configuration says that is not the default anyway, for people to check it before an agent runs with it. */
import { printable } from "../core/printable.ts";
import { withoutSecrets, withoutTokens } from "../core/without-secrets.ts";
import { shownPath } from "../files/shown-path.ts";
import { differingKeys } from "./difference.ts";
import { type Layer, settingsOf, valueAt, writtenAt } from "./layer.ts";
import type { Settings } from "./schema.ts";

export interface ChangedSetting {
  /** `pools.web.health.interval` */
  readonly key: string;
  /** As it is written, on one line; "…" in place of a secret. */
  readonly value: string;
  /** The file, variable or flag that says it; `other keys` when it follows from them. */
  readonly origin: string;
}

/** The settings that are not the default ones; of a pool, those of a pool of its name. */
export function changedSettings(settings: Settings, layers: readonly Layer[]): readonly ChangedSetting[] {
  const pools = Object.fromEntries(Object.keys(settings.pools).map((name) => [name, {}]));
  const defaults = settingsOf([{ origin: "defaults", values: { pools } }]);
  return differingKeys(defaults, settings).map((key) => {
    const path = key.split(".");
    const { value, origin } = writtenAt(path, layers) ?? {
      value: valueAt(settings, path),
      origin: "other keys",
    };
    return { key, value: shownSetting(key, value), origin: printable(origin) };
  });
}

function shownSetting(key: string, value: unknown): string {
  const name = key.split(".").at(-1) ?? "";
  if (name === "token") {
    return "…";
  }
  if (typeof value === "string") {
    return name.endsWith("_file") ? shownPath(value) : printable(withoutSecrets(value));
  }
  return printable(withoutTokens(JSON.stringify(value ?? null)), LONGEST_SETTING);
}

/** A list of 50 servers. */
const LONGEST_SETTING = 1_200;
