import type { JsonObject } from "../client/reading.ts";
import { numberAt, objectAt, textAt, textsAt } from "../client/reading.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { EXIT } from "../command-failure.ts";

export interface ReloadFlags extends ClientFlags {
  readonly dryRun?: boolean;
}

/** Lets the agent read its configuration anew; 2 when it can't be used, and when a part of it waits for a restart. */
export const runReload: ClientCommand<ReloadFlags> = async ({ client, flags, output }) => {
  const isDryRun = flags.dryRun === true;
  const query = isDryRun ? { dry_run: "true" } : {};
  const { body } = await client.getDocument("/v1/agent/reload", { method: "POST", query });
  if (output.isJson) {
    output.document(body);
  } else {
    output.lines(reloadText(body, isDryRun));
  }
  return textsAt(body, "needs_restart").length > 0 ? EXIT.no : EXIT.done;
};

function reloadText(body: JsonObject, isDryRun: boolean): readonly string[] {
  const pools = objectAt(body, "pools");
  const rows: readonly (readonly [what: string, names: readonly string[]])[] = [
    ["settings", textsAt(body, "applied")],
    ["pools added", textsAt(pools, "added")],
    ["pools removed", textsAt(pools, "removed")],
    ["pools changed", textsAt(pools, "changed")],
    ["waits for a restart", textsAt(body, "needs_restart")],
  ];
  const shown = rows.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`  ${what}: ${names.join(", ")}`],
  );
  const first = isDryRun ? "a reload would change" : "reloaded";
  const same = `${numberAt(body, "unchanged") ?? 0} keys are as they were`;
  return shown.length === 0
    ? [isDryRun ? "a reload would change nothing" : "reloaded: nothing has changed"]
    : [`${first}; ${same}; configuration ${textAt(body, "hash") ?? ""}`, ...shown];
}
