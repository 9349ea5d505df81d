/** Options that several commands take. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../config/duration.ts";

const ADDRESS =
  "the agent: http://host:port or unix:///path (HEADWAITER_HTTP_ADDR; default http://127.0.0.1:8654)";

/** For every command that asks an agent. */
export function withClientOptions(command: Command): Command {
  const color = new Option("--color <when>", "colours; auto: on a terminal, unless NO_COLOR is set");
  return command
    .option("--address <url>", ADDRESS)
    .option("--token-file <path>", "file with the agent's token (HEADWAITER_HTTP_TOKEN_FILE)")
    .option("--timeout <duration>", "how long the agent may take, such as 500ms (default 5s)", duration)
    .option("--json", "one JSON document on standard output, whatever happens")
    .addOption(color.choices(["auto", "always", "never"]).default("auto"))
    .option("--utc", "times in UTC instead of the machine's time zone");
}

export function withPool(command: Command, what = "this pool alone; default: all"): Command {
  return command.option("--pool <name>", what);
}

export function withWatch(command: Command): Command {
  return command.option("--watch", "show it again whenever it changes, until a signal ends it");
}

/** Of the agent, and of whatever reads its configuration. */
export function withConfigOptions(command: Command): Command {
  const config = "YAML or JSON file, or a directory of them; repeatable, later ones win";
  return command
    .option("--config <path>", config, repeated)
    .option("--datacenter <name>", "our datacenter: servers of others are backups")
    .option("--region <name>", "our region")
    .option("--data-dir <path>", "directory for the last known good lists")
    .option("--dns-address <ip:port>", "where DNS is served (default 127.0.0.1:8653)")
    .option("--http-address <ip:port>", "where HTTP is served (default 127.0.0.1:8654)")
    .option("--consul-address <url>", "the Consul agent to watch (default http://127.0.0.1:8500)")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--log-format <format>", "json or text")
    .option("--dev", "no Consul, no Nomad: three servers of our own in this process, to see it work");
}

/** Of an option that may be given several times. */
export function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Milliseconds. Node's timers take 24 days at most. */
const LONGEST_DURATION_MS = 24 * 86_400_000;

function duration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 1 || ms > LONGEST_DURATION_MS) {
    throw new InvalidArgumentError("Expected a duration such as 500ms, 5s or 1m30s.");
  }
  return ms;
}
