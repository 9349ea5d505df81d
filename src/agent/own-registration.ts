import { hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../core/ports.ts";
import { printable } from "../core/printable.ts";
import type { Runnable } from "../core/running.ts";
import { ConsulClient } from "../net/consul/consul-client.ts";
import { systemClock } from "../system-ports.ts";
import type { HttpPlace } from "../views/http/http-listener.ts";
import type { HttpServer } from "../views/http/http-server.ts";
import { READINESS_PATH } from "../views/http/routes/agent-routes.ts";
import { SelfRegistration } from "../views/self-registration.ts";
import { VERSION } from "./version.ts";

interface Registered {
  readonly logger: Logger;
  readonly http: Pick<HttpServer, "readiness">;
  /** Where HTTP listens. */
  readonly listen: () => HttpPlace;
  readonly heads: () => ReadonlyMap<string, string | undefined>;
}

/** What decides whether and where the agent is registered. */
type RegistrationConfig = Pick<Config, "consul" | "registration">;

interface Made {
  readonly config: RegistrationConfig;
  readonly client: ConsulClient;
  readonly run: Runnable["run"];
}

/** The agent's own service in Consul, as it is configured now. */
export class OwnRegistration {
  readonly #ports: Registered;
  #made: Made | undefined;
  /** One of the same name may not come before the last one is gone. */
  #lastEnd: Promise<void> = Promise.resolve();

  constructor(config: RegistrationConfig, ports: Registered) {
    this.#ports = ports;
    this.#made = this.#make(config);
  }

  /** What is to run; empty when the agent is not to be registered. */
  get parts(): readonly Runnable[] {
    return this.#made === undefined ? [] : [this.#made];
  }

  /**
   * Makes what another configuration asks for.
   * @returns the function that goes on with it, without fail.
   * @throws ConsulError `tls-file`; nothing has changed then.
   */
  prepare(config: RegistrationConfig): () => void {
    const before = this.#made;
    if (before !== undefined && isDeepStrictEqual(before.config, pick(config))) {
      return before.client.prepare(this.#clientOptions(config));
    }
    const next = this.#make(config);
    next?.client.prepare(this.#clientOptions(config));
    return () => {
      this.#made = next;
    };
  }

  #make(config: RegistrationConfig): Made | undefined {
    const { registration } = config;
    if (registration === undefined) {
      return undefined;
    }
    // Of its own: at the end it says farewell to the Consul that it was registered in.
    const client = new ConsulClient(this.#clientOptions(config));
    return { config: pick(config), client, run: (signal) => this.#run(registration, client, signal) };
  }

  #run(
    options: NonNullable<Config["registration"]>,
    client: ConsulClient,
    signal: AbortSignal,
  ): Promise<void> {
    const { heads, http, listen, logger } = this.#ports;
    const before = this.#lastEnd;
    const live = async () => {
      await before;
      const registration = new SelfRegistration(
        { registry: client, clock: systemClock, logger },
        {
          ...options,
          hostname: hostname(),
          listen: listen(),
          readinessPath: READINESS_PATH,
          describe: () => ({ version: VERSION, heads: heads(), waitsFor: waitsFor(http) }),
        },
      );
      await registration.run(signal);
      await client.close();
    };
    this.#lastEnd = live();
    return this.#lastEnd;
  }

  #clientOptions({ consul }: RegistrationConfig) {
    return { ...consul, logger: this.#ports.logger };
  }
}

function pick({ consul, registration }: RegistrationConfig): RegistrationConfig {
  return { consul, ...(registration === undefined ? {} : { registration }) };
}

function waitsFor(http: Pick<HttpServer, "readiness">): string | undefined {
  const { ready, waiting, dns } = http.readiness();
  return ready ? undefined : printable(`DNS: ${dns}; pools without a head: ${waiting.join(", ") || "none"}`);
}
