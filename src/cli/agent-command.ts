import type { Logger } from "pino";
import { Agent } from "../agent.ts";
import { configOf } from "../config/layer.ts";
import { configLayers, type Flags } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { warningsOf } from "../config/warnings.ts";
import { standardLog } from "../log/log.ts";
import { systemClock } from "../system-ports.ts";
import { DevCluster } from "./dev-cluster.ts";
import { failWith } from "./failure.ts";
import { endAfterLastWords, endAtOnce, endByDeadline } from "./process-end.ts";

interface AgentFlags extends Flags {
  readonly dev?: boolean;
}

/** Runs until TERM or INT; a second signal ends it at once, with 1. Nothing holds the end. */
export async function runAgent(flags: AgentFlags): Promise<void> {
  const dev = flags.dev === true ? new DevCluster() : undefined;
  const devLayers = dev === undefined ? [] : [await dev.start()];
  const config = configOf([...devLayers, ...configLayers(flags, process.env)]);
  const { logger, unwritten } = standardLog(config.log, systemClock);
  process.on("uncaughtException", (err) => {
    logger.error({ err }, "an unexpected error ends the agent");
    endAfterLastWords(1);
  });
  for (const warning of warningsOf(config)) {
    logger.warn({}, warning);
  }
  const agent = new Agent(config, logger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) {
      endAtOnce(1);
    }
    stopping = true;
    logger.info({ signal }, "stopping");
    endByDeadline(0, () => leftovers(agent, unwritten()));
    Promise.all([agent.stop(), dev?.stop()]).then(() => {
      logger.info({}, "stopped");
    }, failWith);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  dev?.join(config);
  await agent.start();
  if (dev !== undefined) {
    showHow(dev, agent, config, logger.child({ name: "agent.dev" }));
  }
}

function leftovers(agent: Agent, unwritten: number): string[] {
  const step = agent.stopWaitsFor();
  return [
    ...(step === undefined ? [] : [step]),
    ...(unwritten === 0 ? [] : [`${unwritten} lines of the log`]),
  ];
}

function showHow(dev: DevCluster, agent: Agent, { dns }: Config, logger: Logger): void {
  const [address] = agent.dnsAddresses();
  if (address === undefined) {
    return; // stopped while it started
  }
  process.on("SIGUSR2", () => {
    const head = agent.heads().get("nomad");
    logger.info({ server: head }, "the head's server ends");
    dev.fail(head).catch(failWith);
  });
  logger.info(
    {
      ask: `dig @${address.host} -p ${address.port} _nomad._tcp.${dns.domain} SRV +short`,
      fail: `kill -USR2 ${process.pid}`,
    },
    "three servers of our own: ask for the head, end its server, ask again",
  );
}
