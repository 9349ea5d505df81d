import { Agent } from "../agent.ts";
import { configOf } from "../config/layer.ts";
import { configLayers, type Flags } from "../config/load.ts";
import { devCluster } from "./dev-cluster.ts";
import { failWith } from "./failure.ts";
import { createLogger } from "./log.ts";

interface AgentFlags extends Flags {
  readonly dev?: boolean;
}

/** Runs until TERM or INT; a second signal ends it at once, with 1. */
export async function runAgent(flags: AgentFlags): Promise<void> {
  const dev = flags.dev === true ? await devCluster() : undefined;
  const config = configOf([...(dev === undefined ? [] : [dev.layer]), ...configLayers(flags, process.env)]);
  const logger = createLogger(config.log);
  const agent = new Agent(config, logger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) {
      process.exit(1);
    }
    stopping = true;
    logger.info({ signal }, "stopping");
    Promise.all([agent.stop(), dev?.stop()]).then(() => {
      logger.info({}, "stopped");
    }, failWith);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  await agent.start();
}
