/** The agent itself, and commands about this program, which ask no agent. */
import { Argument, type Command } from "commander";
import type { AgentFlags } from "./commands/agent.ts";
import type { Completed } from "./commands/completion.ts";
import { withConfigOptions } from "./options.ts";
import type { Signals } from "./signals.ts";

const SHELLS: readonly Completed[] = ["bash", "zsh", "fish", "pools"];

export function addAgentCommand(program: Command, signals: Signals): void {
  withConfigOptions(program.command("agent"))
    .description("run the agent until a signal such as TERM or INT ends it")
    .action(async (flags: AgentFlags) => {
      // First: it loads while the agent does.
      const { startThread } = await import("../views/dns/thread-start.ts");
      const loading = startThread();
      const { runAgent } = await import("./commands/agent.ts");
      await runAgent(flags, signals, loading);
    });
}

export function addProgramCommands(program: Command): void {
  program
    .command("completion")
    .description("print a script for a shell that completes commands, options and pools")
    .addArgument(new Argument("<shell>", "pools: what the scripts ask for").choices(SHELLS))
    .action(async (what: Completed) => {
      const { runCompletion } = await import("./commands/completion.ts");
      await runCompletion(what, program);
    });
  program
    .command("version")
    .description("print the version")
    .option("--json", "as a JSON document")
    .action(async (flags: { readonly json?: boolean }) => {
      const { runVersion } = await import("./commands/version.ts");
      runVersion(flags);
    });
}
