import { AgentError } from "../../agent/agent-error.ts";
import { nomadTls } from "../../agent/nomad-tls.ts";
import { type ChangedSetting, changedSettings } from "../../config/changed-settings.ts";
import { ConfigError } from "../../config/config-error.ts";
import { settingsOf } from "../../config/layer.ts";
import { configLayers, type Flags } from "../../config/load.ts";
import { needsRestart } from "../../config/restart-keys.ts";
import { optionsOf } from "../../config/schema.ts";
import { restartHash, settingsHash } from "../../config/settings-hash.ts";
import { warningsOf } from "../../config/warnings.ts";
import type { AgentClient } from "../client/agent-client.ts";
import { objectAt, textAt } from "../client/reading.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { tellPeople } from "../command-end.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";
import { tableLines } from "../show/table.ts";

export interface ValidateFlags extends ClientFlags, Flags {
  readonly againstRunning?: boolean;
  readonly dev?: boolean;
}

/** Whether the agent would take this configuration; with `againstRunning` 2 when it needs a restart for it. */
export const runValidate: ClientCommand<ValidateFlags> = async ({ client, flags, output }) => {
  if (flags.againstRunning === true && flags.dev === true) {
    throw new CommandFailure(
      EXIT.wrong,
      "bad-use",
      "--against-running: not with --dev: each run has servers of its own",
    );
  }
  const { changed, hash, heldHash, warnings } = checked(flags);
  const running = flags.againstRunning === true ? await runningHashes(client) : undefined;
  const isSame = running === undefined ? null : running.hash === hash;
  const isHeld = running === undefined ? null : running.restart_hash !== heldHash;
  if (output.isJson) {
    const shown = changed.map((setting) => ({ ...setting, live: !needsRestart(setting.key) }));
    const against = { running_hash: running?.hash ?? null, same: isSame, needs_restart: isHeld };
    output.document({ valid: true, hash, changed: shown, warnings, ...against });
  } else {
    for (const warning of warnings) {
      tellPeople(warning);
    }
    const rows = changed.map(({ key, origin, value }) => [
      key,
      value,
      needsRestart(key) ? "restart" : "reload",
      origin,
    ]);
    output.lines([
      rows.length === 0 ? "valid; every key has its default" : "valid; keys that do not have their default:",
      ...(rows.length === 0 ? [] : tableLines([["KEY", "VALUE", "TAKEN AT", "FROM"], ...rows], output.paint)),
      ...(isSame === null ? [] : [isSame ? SAME : isHeld === true ? HELD : OTHER]),
    ]);
  }
  return isHeld === true ? EXIT.no : EXIT.done;
};

const SAME = "the running agent has the same configuration";
const OTHER = "the running agent has another configuration: headwaiter reload lets it take this one";
const HELD = "the running agent has another configuration: a part of this one waits for a restart";

interface Checked {
  readonly changed: readonly ChangedSetting[];
  readonly warnings: readonly string[];
  readonly hash: string;
  /** Of the keys that a reload can't change. */
  readonly heldHash: string;
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
      heldHash: restartHash(settings),
    };
  } catch (error) {
    if (error instanceof ConfigError || error instanceof AgentError) {
      throw new CommandFailure(EXIT.wrong, "config-invalid", error.message, { cause: error });
    }
    throw error;
  }
}

async function runningHashes(client: AgentClient) {
  const { body } = await client.getDocument("/v1/agent/self");
  const config = objectAt(body, "config");
  const [hash, restart_hash] = [textAt(config, "hash"), textAt(config, "restart_hash")];
  if (hash === undefined || restart_hash === undefined) {
    const message = "the running agent does not tell its configuration's hashes";
    throw new CommandFailure(EXIT.wrong, "internal", message);
  }
  return { hash, restart_hash };
}
