/** What the timeline says of other settings. */
import type { JournalEvent } from "../journal-event.ts";
import { printable } from "../printable.ts";
import type { Told } from "./timeline-event.ts";
import { told } from "./told-forms.ts";

/** `undefined`: nothing is told of this kind. */
export type ToldOf<Kind extends JournalEvent["kind"]> =
  | ((event: Extract<JournalEvent, { kind: Kind }>) => Told | undefined)
  | undefined;

type ConfigKind = "config-reloaded" | "config-refused" | "pool-added" | "pool-removed" | "pool-changed";

export const TOLD_OF_CONFIG: { readonly [Kind in ConfigKind]: ToldOf<Kind> } = {
  "config-reloaded": ({ changed, hash, needsRestart }) =>
    told(
      "config-reloaded",
      needsRestart.length > 0 ? "warn" : "info",
      reloadedInWords(changed, needsRestart),
      { hash, changed: changed.slice(0, KEYS_TOLD), needs_restart: needsRestart.slice(0, KEYS_TOLD) },
    ),
  "config-refused": ({ error }) =>
    told(
      "config-refused",
      "error",
      `the configuration can't be used, nothing has changed: ${printable(error)}`,
      { error: printable(error) },
    ),
  "pool-added": ({ onDemand }) =>
    told(
      "pool-added",
      "info",
      onDemand ? "the pool is there now: a question asked for it" : "the pool is there now",
      { on_demand: onDemand },
    ),
  "pool-removed": () => told("pool-removed", "info", "the pool is gone", {}),
  "pool-changed": ({ changed }) =>
    told("pool-changed", "info", `goes on with other settings: ${listed(changed) || "those of all pools"}`, {
      changed: changed.slice(0, KEYS_TOLD),
    }),
};

/** Of a configuration with hundreds of pools, as many as servers of a changed list. */
const KEYS_TOLD = 32;

function listed(keys: readonly string[]): string {
  const more = keys.length - KEYS_TOLD;
  return `${keys.slice(0, KEYS_TOLD).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function reloadedInWords(changed: readonly string[], needsRestart: readonly string[]): string {
  const taken =
    changed.length === 0 ? "no other settings to take" : `goes on with other settings: ${listed(changed)}`;
  return needsRestart.length === 0 ? taken : `${taken}; waits for a restart: ${listed(needsRestart)}`;
}
