import { AgentError } from "../../agent/agent-error.ts";
import { nomadTls } from "../../agent/nomad-tls.ts";
import { type ChangedSetting, changedSettings } from "../../config/changed-settings.ts";
import { ConfigError } from "../../config/config-error.ts";
import { settingsOf } from "../../config/layer.ts";
import { configLayers, type Flags } from "../../config/load.ts";
import { optionsOf } from "../../config/schema.ts";
import { settingsHash } from "../../config/settings-hash.ts";
import { warningsOf } from "../../config/warnings.ts";
import type { AgentClient } from "../client/agent-client.ts";
import { objectAt, textAt } from "../client/reading.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { tellPeople } from "../command-end.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";
import { tableLines } from "../show/table.ts";

export interface ValidateFlags extends ClientFlags, Flags {
  readonly againstRunning?: boolean;
}

/** Whether the agent would take this configuration; with `againstRunning` 2 when it runs with another one. */
export const runValidate: ClientCommand<ValidateFlags> = async ({ client, flags, output }) => {
  const { changed, hash, warnings } = checked(flags);
  const running = flags.againstRunning === true ? await runningHash(client) : undefined;
  const isSame = running === undefined ? null : running === hash;
  if (output.isJson) {
    output.document({ valid: true, hash, changed, warnings, running_hash: running ?? null, same: isSame });
  } else {
    for (const warning of warnings) {
      tellPeople(warning);
    }
    const rows = changed.map(({ key, origin, value }) => [key, value, origin]);
    output.lines([
      rows.length === 0 ? "valid; every key has its default" : "valid; keys that do not have their default:",
      ...(rows.length === 0 ? [] : tableLines([["KEY", "VALUE", "FROM"], ...rows], output.paint)),
      ...(isSame === null ? [] : [isSame ? SAME : OTHER]),
    ]);
  }
  return isSame === false ? EXIT.no : EXIT.done;
};

const SAME = "the running agent has the same configuration";
const OTHER = "the running agent has another configuration: restart it to use this one";

interface Checked {
  readonly changed: readonly ChangedSetting[];
  readonly warnings: readonly string[];
  readonly hash: string;
}

/** @throws CommandFailure with the line that the agent would end with. */
function checked(flags: Flags): Checked {
  try {
    const layers = configLayers(flags, process.env);
    const settings = settingsOf(layers);
    const options = optionsOf(settings);
    for (const { tls } of Object.values(options.pools)) {
      nomadTls(tls);
    }
    return {
      changed: changedSettings(settings, layers),
      warnings: warningsOf(options),
      hash: settingsHash(settings),
    };
  } catch (error) {
    if (error instanceof ConfigError || error instanceof AgentError) {
      throw new CommandFailure(EXIT.wrong, "config-invalid", error.message, { cause: error });
    }
    throw error;
  }
}

async function runningHash(client: AgentClient): Promise<string> {
  const { body } = await client.getDocument("/v1/agent/self");
  const hash = textAt(objectAt(body, "config"), "hash");
  if (hash === undefined) {
    throw new CommandFailure(
      EXIT.wrong,
      "internal",
      "the running agent does not tell its configuration's hash",
    );
  }
  return hash;
}
