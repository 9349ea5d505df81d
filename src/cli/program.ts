import { Command } from "commander";
import { VERSION } from "../agent/version.ts";
import { printable } from "../core/printable.ts";
import { runAgent } from "./agent-command.ts";
import { failWith } from "./failure.ts";
import type { Signals } from "./signals.ts";

/** Runs what the command line says. Never rejects: a failure is one line, and the end. */
export async function runProgram(signals: Signals): Promise<void> {
  await commands(signals).parseAsync().catch(failWith);
}

/** What the command line may say. */
export function commands(signals: Signals): Command {
  const program = new Command("headwaiter")
    .description("A node-local discovery agent: one ordered list of servers, its head answered by DNS SRV.")
    .version(VERSION)
    .configureOutput({
      outputError: (text, write) => {
        write(`${printable(withoutValues(text).trim(), LONGEST_COMPLAINT)}\n`);
      },
    });
  program
    .command("agent")
    .description("run the agent until a signal such as TERM or INT ends it")
    .option(
      "--config <path>",
      "YAML or JSON file, or a directory of them; repeatable, later ones win",
      collect,
    )
    .option("--datacenter <name>", "our datacenter: servers of others are backups")
    .option("--region <name>", "our region")
    .option("--data-dir <path>", "directory for the last known good lists")
    .option("--dns-address <ip:port>", "where DNS is served (default 127.0.0.1:8653)")
    .option(
      "--http-address <address>",
      "where HTTP is served: ip:port or unix:/path (default 127.0.0.1:8654)",
    )
    .option("--consul-address <url>", "the Consul agent to watch (default http://127.0.0.1:8500)")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--log-format <format>", "json or text")
    .option("--dev", "no Consul, no Nomad: three servers of our own in this process, to see it work")
    .action((flags: Parameters<typeof runAgent>[0]) => runAgent(flags, signals));
  program
    .command("version")
    .description("print the version")
    .action(() => {
      process.stdout.write(`${VERSION}\n`);
    });
  return program;
}

/** About the command line, which it quotes. */
const LONGEST_COMPLAINT = 1_000;

/** `--token=secret`, which is no option, is told of without the secret. */
function withoutValues(text: string): string {
  return text.replace(/('--?[\w-]+)=.*'/s, "$1=…'");
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
