import { Agent } from "../../src/agent/agent.ts";
import { settingsOf } from "../../src/config/layer.ts";
import type { DnsAddress } from "../../src/views/dns/thread-messages.ts";
import { FakeLogger } from "./fake-ports.ts";
import type { Scope } from "./scope.ts";

interface Values {
  readonly dns?: object;
  readonly http?: object;
  readonly [section: string]: unknown;
}

export interface MadeAgent {
  readonly agent: Agent;
  readonly logger: FakeLogger;
  /** What a reload finds from now on; addresses are as at the start unless the values say otherwise. */
  readonly write: (values: Values) => void;
}

export interface StartedAgent extends MadeAgent {
  /** Where DNS answers. */
  readonly dns: DnsAddress;
  /** Where HTTP answers: `host:port`. */
  readonly http: string;
}

/** The real agent in this process, on free ports of 127.0.0.1 unless the values say otherwise. Stops with the scope. */
export function madeAgent(scope: Scope, values: Values): MadeAgent {
  const logger = new FakeLogger();
  let written = values;
  const read = () => {
    const addresses = {
      dns: { address: "127.0.0.1:0", ...written.dns },
      http: { address: "127.0.0.1:0", ...written.http },
    };
    return settingsOf([{ origin: "test", values: { ...written, ...addresses } }]);
  };
  const agent = new Agent({ settings: read(), files: [], read }, logger);
  scope.after(() => agent.stop());
  const write = (next: Values) => {
    written = next;
  };
  return { agent, logger, write };
}

/** As `madeAgent`, and started. @throws what the start of an agent throws. */
export async function startedAgent(scope: Scope, values: Values): Promise<StartedAgent> {
  const made = madeAgent(scope, values);
  await made.agent.start();
  const [dns] = made.agent.dnsAddresses();
  const started = made.logger.lines.find(({ message }) => message === "agent started");
  const { http = "" } = { ...started?.fields } as { http?: string };
  if (dns === undefined) {
    throw new Error("the agent answers nowhere");
  }
  return { ...made, dns, http };
}
