import { Command } from "commander";
import { VERSION } from "../agent/version.ts";
import { printable } from "../core/printable.ts";
import { addClientCommands } from "./client-commands.ts";
import { endBySignal, endWhenOutputFails, endWithFailure, withoutValues } from "./command-end.ts";
import { addAgentCommand, addProgramCommands } from "./own-commands.ts";
import type { Signals } from "./signals.ts";

/** Runs what the command line says. Never rejects: a failure is one line, and the end. */
export async function runProgram(signals: Signals): Promise<void> {
  await commands(signals)
    .parseAsync()
    .catch((error: unknown) => endWithFailure(error, process.argv.includes("--json")));
}

/**
 * What the command line may say. What a command needs is loaded when it runs: only the agent takes the agent's memory.
 */
export function commands(signals: Signals): Command {
  const program = new Command("headwaiter")
    .description("A node-local discovery agent: one ordered list of servers, its head answered by DNS SRV.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(`${printable(withoutValues(text).trim().replaceAll("\n", " "), LONGEST_COMPLAINT)}\n`);
      },
    })
    .hook("preAction", (_program, command) => {
      if (command.name() !== "agent") {
        signals.sendTo(endBySignal);
        endWhenOutputFails();
      }
    });
  addAgentCommand(program, signals);
  addClientCommands(program);
  addProgramCommands(program);
  return program;
}

/** About the command line, which it quotes. */
const LONGEST_COMPLAINT = 1_000;
