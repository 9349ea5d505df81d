/**
 * The second half of scripts/with-engine, in the same process. The command and all that prepares it have a process
 * group of their own: each signal reaches all of it, once, however often it comes. Cleans up after it, and gives back
 * its exit code.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const ENGINE_RUN = fileURLToPath(new URL("engine-run", import.meta.url));
/** The lock of the engine's users. Held by this process only, so that it ends with it. */
const USERS_LOCK = 8;

const command = spawn(ENGINE_RUN, ["begin", ...process.argv.slice(2)], {
  stdio: ["ignore", "inherit", "inherit"],
  detached: true,
});

const passedOn = new Set<NodeJS.Signals>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (command.pid !== undefined && command.exitCode === null && !passedOn.has(signal)) {
      passedOn.add(signal);
      process.kill(-command.pid, signal);
    }
  });
}

const [code, signal] = (await once(command, "exit")) as [number | null, NodeJS.Signals | null];
const cleanUp = spawn(ENGINE_RUN, ["end"], {
  stdio: ["ignore", "inherit", "inherit", ...Array<"ignore">(USERS_LOCK - 3).fill("ignore"), USERS_LOCK],
  detached: true,
});
await once(cleanUp, "exit");
process.exitCode = code ?? 128 + constants.signals[signal ?? "SIGKILL"];
