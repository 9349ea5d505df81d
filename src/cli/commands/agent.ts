import type { Logger } from "pino";
import { Agent } from "../../agent/agent.ts";
import { differingKeys } from "../../config/difference.ts";
import { settingsOf } from "../../config/layer.ts";
import { configLayers, type Flags } from "../../config/load.ts";
import { type Config, optionsOf, type Settings } from "../../config/schema.ts";
import { settingsHash } from "../../config/settings-hash.ts";
import { warningsOf } from "../../config/warnings.ts";
import { messageOf } from "../../core/message-of.ts";
import { standardLog } from "../../log/log.ts";
import { systemClock } from "../../system-ports.ts";
import { agentSignals } from "../agent-signals.ts";
import { DevCluster } from "../dev-cluster.ts";
import { failWith } from "../failure.ts";
import { endAfterLastWords, endAtOnce, endByDeadline } from "../process-end.ts";
import type { Signals } from "../signals.ts";

export interface AgentFlags extends Flags {
  readonly dev?: boolean;
}

/** Whatever files the process makes are its owner's alone: 0600, directories 0700. */
const OWNER_ONLY = 0o077;

/** Runs until a signal such as TERM or INT; a second one ends it at once, with 1. Nothing holds the end. */
export async function runAgent(flags: AgentFlags, signals: Signals): Promise<void> {
  process.umask(OWNER_ONLY);
  const dev = flags.dev === true ? new DevCluster() : undefined;
  const devLayers = dev === undefined ? [] : [await dev.start()];
  const readSettings = () => settingsOf([...devLayers, ...configLayers(flags, process.env)]);
  const settings = readSettings();
  const config = optionsOf(settings);
  const { logger, close: closeLog, unwritten } = standardLog(config.log, systemClock);
  process.on("uncaughtException", (err) => {
    closeLog();
    logger.error({ err }, "an unexpected error ends the agent");
    endAfterLastWords(1);
  });
  for (const warning of warningsOf(config)) {
    logger.warn({}, warning);
  }
  const agent = new Agent(config, logger, { hash: settingsHash(settings), files: flags.config ?? [] });
  const end = (signal: NodeJS.Signals) => {
    logger.info({ signal }, "stopping");
    const stopped = Promise.all([agent.stop(), dev?.stop()]).then(() => {
      closeLog();
      logger.info({}, "stopped");
    }, failWith);
    endByDeadline(0, stopped, () => leftovers(agent, unwritten()));
  };
  const reload = () => {
    agent.reload();
    tellDifference(settings, readSettings, logger);
  };
  const failHead =
    dev &&
    (() => {
      failHeadOf(agent, dev, logger.child({ name: "agent.dev" }));
    });
  signals.sendTo(agentSignals({ end, endAtOnce: () => endAtOnce(1), reload, failHead, logger }));
  dev?.join(config);
  await agent.start();
  if (dev !== undefined) {
    showHow(agent, config, logger.child({ name: "agent.dev" }));
  }
}

function leftovers(agent: Agent, unwritten: number): string[] {
  const step = agent.stopWaitsFor();
  return [
    ...(step === undefined ? [] : [step]),
    ...(unwritten === 0 ? [] : [`${unwritten} lines of the log`]),
  ];
}

/** Says whether the agent would start with what is configured now, and what would be different. */
function tellDifference(settings: Settings, readSettings: () => Settings, logger: Logger): void {
  try {
    const differs = differingKeys(settings, readSettings());
    if (differs.length === 0) {
      logger.info({}, "reloaded: the configuration is valid and the same");
    } else {
      logger.warn(
        { differs },
        "reloaded: the configuration is valid and differs; that takes effect at a restart",
      );
    }
  } catch (error) {
    const reason = messageOf(error);
    logger.error({ reason }, "reloaded: the configuration is not valid, the agent could not start with it");
  }
}

function failHeadOf(agent: Agent, dev: DevCluster, logger: Logger): void {
  const head = agent.heads().get("nomad");
  logger.info({ server: head }, "the head's server ends");
  dev.fail(head).catch((error: unknown) => {
    logger.error({ err: error }, "a server of our own can't be ended");
  });
}

function showHow(agent: Agent, { dns }: Config, logger: Logger): void {
  const [address] = agent.dnsAddresses();
  if (address === undefined) {
    return; // stopped while it started
  }
  logger.info(
    {
      ask: `dig @${address.host} -p ${address.port} _nomad._tcp.${dns.domain} SRV +short`,
      fail: `kill -USR2 ${process.pid}`,
    },
    "three servers of our own: ask for the head, end its server, ask again",
  );
}
