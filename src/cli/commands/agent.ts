import type { Worker } from "node:worker_threads";
import { Agent } from "../../agent/agent.ts";
import { settingsOf } from "../../config/layer.ts";
import { configLayers, type Flags } from "../../config/load.ts";
import { type Config, optionsOf } from "../../config/schema.ts";
import { warningsOf } from "../../config/warnings.ts";
import type { Logger } from "../../core/ports.ts";
import { dropLoadingLeftovers } from "../../loading-leftovers.ts";
import { standardLog } from "../../log/log.ts";
import { systemClock } from "../../system-ports.ts";
import { agentSignals } from "../agent-signals.ts";
import { closeDebugger } from "../debugger.ts";
import type { DevCluster } from "../dev-cluster.ts";
import { failWith } from "../failure.ts";
import { endAfterLastWords, endAtOnce, endByDeadline } from "../process-end.ts";
import type { Signals } from "../signals.ts";
import { limitMemoryOfV8 } from "../v8-options.ts";

export interface AgentFlags extends Flags {
  readonly dev?: boolean;
}

/** Whatever files the process makes are its owner's alone: 0600, directories 0700. */
const OWNER_ONLY = 0o077;

/** Milliseconds after the start in which what servers and Consul ask for has been loaded and compiled, too. */
const LOADED_AFTER_MS = 15_000;

/**
 * Runs until a signal such as TERM or INT; a second one ends it at once, with 1. Nothing holds the end.
 * @param loading the thread that is to answer DNS.
 */
export async function runAgent(flags: AgentFlags, signals: Signals, loading: Worker): Promise<void> {
  process.umask(OWNER_ONLY);
  const dev = flags.dev === true ? await devCluster() : undefined;
  const devLayers = dev === undefined ? [] : [await dev.start()];
  const readSettings = () => settingsOf([...devLayers, ...configLayers(flags, process.env)]);
  const settings = readSettings();
  const config = optionsOf(settings);
  const { close: closeLog, configure, logger, unwritten } = standardLog(config.log, systemClock);
  process.on("uncaughtException", (err) => {
    closeLog();
    logger.error({ err }, "an unexpected error ends the agent");
    endAfterLastWords(1);
  });
  for (const warning of warningsOf(config)) {
    logger.warn({}, warning);
  }
  const source = { settings, files: flags.config ?? [], read: readSettings };
  const agent = new Agent(source, logger, configure, loading);
  const end = (signal: NodeJS.Signals) => {
    logger.info({ signal }, "stopping");
    const stopped = Promise.all([agent.stop(), dev?.stop()]).then(() => {
      closeLog();
      logger.info({}, "stopped");
    }, failWith);
    endByDeadline(0, stopped, () => leftovers(agent, unwritten()));
  };
  const reload = () => void agent.reload();
  const failHead =
    dev &&
    (() => {
      failHeadOf(agent, dev, logger.child({ name: "agent.dev" }));
    });
  signals.sendTo(agentSignals({ end, endAtOnce: () => endAtOnce(1), reload, failHead, logger }));
  dev?.join(config);
  await agent.start();
  closeDebugger();
  limitMemoryOfV8();
  setTimeout(() => {
    dropLoadingLeftovers();
    agent.trimMemory();
  }, LOADED_AFTER_MS).unref();
  if (dev !== undefined) {
    showHow(agent, config, logger.child({ name: "agent.dev" }));
  }
}

async function devCluster(): Promise<DevCluster> {
  const { DevCluster } = await import("../dev-cluster.ts");
  return new DevCluster();
}

function leftovers(agent: Agent, unwritten: number): string[] {
  const step = agent.stopWaitsFor();
  return [
    ...(step === undefined ? [] : [step]),
    ...(unwritten === 0 ? [] : [`${unwritten} lines of the log`]),
  ];
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
