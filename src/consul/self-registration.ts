import type { Clock, Logger } from "../core/ports.ts";
import { ConsulError } from "./consul-error.ts";

/** What is told of this agent. */
interface SelfDescription {
  readonly version: string;
  /** The head of each pool as `host:port`; `undefined` while it has none. */
  readonly heads: ReadonlyMap<string, string | undefined>;
}

/** A service as Consul's agent is told of it. */
export interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly check: {
    readonly name: string;
    readonly http: string;
    readonly intervalMs: number;
    readonly timeoutMs: number;
  };
}

/** The part of the Consul client that registration uses; both reject with `ConsulError`. */
export interface ServiceRegistry {
  registerService(
    definition: ServiceDefinition,
    limits: { deadlineMs: number; signal: AbortSignal },
  ): Promise<void>;
  deregisterService(id: string, limits: { deadlineMs: number; signal: AbortSignal }): Promise<void>;
}

export interface SelfRegistrationOptions {
  /** The agent's HTTP address, such as `http://127.0.0.1:8654`, as Consul's agent reaches it. */
  readonly httpAddress: string;
  /** The path that answers 200 when every pool has a head. */
  readonly readinessPath: string;
  readonly describe: () => SelfDescription;
}

export interface SelfRegistrationPorts {
  readonly registry: ServiceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SERVICE_NAME = "headwaiter";

/** Heads are looked at once a second: a fleet's overview may lag by that; the answers of DNS do not. */
const LOOK_EVERY_MS = 1_000;

/** Registered anew this often, so that a Consul that lost its state has the agent back within a minute. */
const RENEW_EVERY_MS = 60_000;

/** One local request; a Consul that takes longer is asked again at the next look. */
const DEADLINE_MS = 5_000;

/** A stop may not hang on a Consul that does. */
const FAREWELL_MS = 2_000;

/** A fleet of 10,000 agents has 1,000 checks a second, each asked by the Consul agent of its own machine. */
const CHECK = { intervalMs: 10_000, timeoutMs: 2_000 };

/**
 * Keeps the agent itself registered in Consul as service `headwaiter`, with its version and heads as metadata. Updates it
 * when they change; deregisters on a clean stop. A Consul that is down is tried again, logged once, and delays nothing.
 */
export class SelfRegistration {
  readonly #ports: SelfRegistrationPorts;
  readonly #options: SelfRegistrationOptions;
  #running: { readonly abort: AbortController; cancel: () => void; work: Promise<void> } | undefined;
  #registered: { readonly key: string; readonly at: number } | undefined;
  /** Also true when it is not known whether Consul took the last request. */
  #mayBeRegistered = false;
  #failing = false;

  constructor(ports: SelfRegistrationPorts, options: SelfRegistrationOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Registers as soon as Consul takes it; a second call changes nothing. */
  start(): void {
    if (this.#running === undefined) {
      this.#running = { abort: new AbortController(), cancel: () => undefined, work: Promise.resolve() };
      this.#look();
    }
  }

  /** Deregisters, unless Consul does not answer within 2 s. Never rejects. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) {
      return;
    }
    this.#running = undefined;
    running.cancel();
    running.abort.abort();
    await running.work;
    if (this.#mayBeRegistered) {
      this.#mayBeRegistered = false;
      this.#registered = undefined;
      const limits = { deadlineMs: FAREWELL_MS, signal: new AbortController().signal };
      await this.#ports.registry.deregisterService(this.#id(), limits).catch((error: unknown) => {
        this.#ports.logger.warn({ reason: messageOf(error) }, "this agent stays registered in Consul");
      });
    }
  }

  #look(): void {
    const running = this.#running;
    if (running === undefined) {
      return;
    }
    running.work = this.#register(running.abort.signal).then(() => {
      running.cancel =
        this.#running === running
          ? this.#ports.clock.after(LOOK_EVERY_MS, () => {
              this.#look();
            })
          : running.cancel;
    });
  }

  async #register(signal: AbortSignal): Promise<void> {
    const definition = this.#definition();
    const key = JSON.stringify(definition.meta);
    const now = this.#ports.clock.now();
    if (this.#registered?.key === key && now - this.#registered.at < RENEW_EVERY_MS) {
      return;
    }
    this.#mayBeRegistered = true;
    try {
      await this.#ports.registry.registerService(definition, { deadlineMs: DEADLINE_MS, signal });
      this.#registered = { key, at: now };
      if (this.#failing) {
        this.#ports.logger.info({ id: definition.id }, "this agent is registered in Consul again");
      }
      this.#failing = false;
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      return;
    }
    if (!this.#failing) {
      this.#ports.logger.warn(
        { reason: messageOf(error) },
        "this agent can't be registered in Consul; tried again",
      );
    }
    this.#failing = true;
  }

  #id(): string {
    return `${SERVICE_NAME}-${new URL(this.#options.httpAddress).port}`;
  }

  #definition(): ServiceDefinition {
    const { hostname, port } = new URL(this.#options.httpAddress);
    const { version, heads } = this.#options.describe();
    const named = [...heads].map(([pool, head]) => [`head_${pool}`, head ?? ""] as const);
    return {
      id: this.#id(),
      name: SERVICE_NAME,
      address: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port),
      meta: { version, ...Object.fromEntries(named) },
      check: {
        name: "readiness",
        http: new URL(this.#options.readinessPath, this.#options.httpAddress).href,
        ...CHECK,
      },
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof ConsulError ? `${error.code}: ${error.message}` : String(error);
}
