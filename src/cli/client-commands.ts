/** Commands that ask a running agent. */
import { type Command, Option } from "commander";
import type { ClientCommand, ClientFlags } from "./client-run.ts";
import { repeated, withClientOptions, withConfigOptions, withPool, withWatch } from "./options.ts";

const ONE_POOL = "this pool; default: the only one";

export function addClientCommands(program: Command): void {
  withClientOptions(withConfigOptions(program.command("validate")))
    .description("check a configuration as the agent does, and show what is not the default")
    .option("--against-running", "2 when the running agent needs a restart for it")
    .action(running(async () => (await import("./commands/validate.ts")).runValidate));
  addLists(program);
  addEvents(program);
  addWait(program);
  addFailed(program);
  withClientOptions(program.command("reload"))
    .description("let the agent read its configuration anew and go on with it")
    .option("--dry-run", "say what it would come to, and change nothing")
    .action(running(async () => (await import("./commands/reload.ts")).runReload));
  withClientOptions(program.command("debug"))
    .description("write what the agent says of itself into one archive, without secrets")
    .requiredOption("-o, --output <file>", "the archive, a .tar.gz that is not there yet")
    .action(running(async () => (await import("./commands/debug.ts")).runDebug));
}

function addLists(program: Command): void {
  withWatch(withPool(withClientOptions(program.command("status"))))
    .description("say what is not as it should be, or ok")
    .action(running(async () => (await import("./commands/status.ts")).runStatus));
  withWatch(withPool(withClientOptions(program.command("servers"))))
    .description("show the lists of servers")
    .action(running(async () => (await import("./commands/servers.ts")).runServers));
  withWatch(withPool(withClientOptions(program.command("explain"))))
    .description("say why each head is the head, and what comes next")
    .option(
      "--if <change>",
      "what if: fails:KEY, removed:KEY, consul-empty, contact-lost or rebalance; repeatable",
      repeated,
    )
    .action(running(async () => (await import("./commands/explain.ts")).runExplain));
}

function addEvents(program: Command): void {
  const severity = new Option("--min-severity <severity>", "events of at least this severity");
  withPool(withClientOptions(program.command("events")))
    .description("show what happened, one line for each event; with --json one document for each")
    .option("--follow", "go on with what happens, until a signal ends it")
    .option("--kind <kind>", "events of this kind alone, such as head-changed")
    .addOption(severity.choices(["info", "warn", "error"]))
    .option("--after <index>", "events after this index alone, or after now")
    .action(running(async () => (await import("./commands/events.ts")).runEvents));
}

function addWait(program: Command): void {
  withPool(withClientOptions(program.command("wait")), ONE_POOL)
    .description("wait until something holds, 30s or as long as --timeout says")
    .option("--ready", "the agent is ready, or the pool is")
    .option("--head-changes", "the pool has another head than now")
    .option("--head <key>", "the pool has this head")
    .action(running(async () => (await import("./commands/wait.ts")).runWait));
}

function addFailed(program: Command): void {
  const run = running(async () => (await import("./commands/failed.ts")).runFailed);
  withPool(
    withClientOptions(program.command("failed").argument("<server>", "host:port, as listed")),
    ONE_POOL,
  )
    .description("report that a server fails: the agent asks it now, and says what it found")
    .option("--reason <text>", "what went wrong, such as timeout")
    .option("--client <name>", "who reports it; default: the address that it comes from")
    .action((server: string, flags: ClientFlags) => run({ ...flags, server }));
}

/** Loads the command when it runs, and exits as it says. */
function running<Flags extends ClientFlags>(
  load: () => Promise<ClientCommand<Flags>>,
): (flags: Flags) => Promise<void> {
  return async (flags) => {
    const command = await load();
    const { clientRun } = await import("./client-run.ts");
    process.exitCode = await command(clientRun(flags));
  };
}
