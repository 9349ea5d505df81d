#!/usr/bin/env node
import "./node-flags.ts";
import { Command } from "commander";
import { VERSION } from "../version.ts";
import { runAgent } from "./agent-command.ts";
import { failWith } from "./failure.ts";

// Whoever closes what we print to, or fills its disk, ends nothing by it: unheard, such an error would end the process.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => undefined);
}

const program = new Command("headwaiter")
  .description("A node-local discovery agent: one ordered list of servers, its head answered by DNS SRV.")
  .version(VERSION);

program
  .command("agent")
  .description("run the agent until it is told to stop by TERM or INT")
  .option("--config <path>", "YAML or JSON file, or a directory of them; repeatable, later ones win", collect)
  .option("--datacenter <name>", "our datacenter: servers of others are backups")
  .option("--region <name>", "our region")
  .option("--data-dir <path>", "directory for the last known good lists")
  .option("--dns-address <ip:port>", "where DNS is served (default 127.0.0.1:8653)")
  .option("--http-address <ip:port>", "where HTTP is served (default 127.0.0.1:8654)")
  .option("--consul-address <url>", "the Consul agent to watch (default http://127.0.0.1:8500)")
  .option("--log-level <level>", "debug, info, warn or error")
  .option("--log-format <format>", "json or text")
  .option("--dev", "no Consul, no Nomad: three servers of our own in this process, to see it work")
  .action(runAgent);

program
  .command("version")
  .description("print the version")
  .action(() => {
    process.stdout.write(`${VERSION}\n`);
  });

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

program.parseAsync().catch(failWith);
