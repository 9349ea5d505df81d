import { Life } from "../core/life.ts";
import type { Clock, Logger } from "../core/ports.ts";
import type { Runnable } from "../core/running.ts";
import { delay } from "../core/time/delay.ts";
import { ConsulError, type ConsulErrorCode } from "../net/consul/consul-error.ts";
import {
  type OwnDescription,
  type OwnPlace,
  ownService,
  type ServiceDefinition,
} from "../net/consul/own-service.ts";
import type { CallLimits, ServiceRegistry } from "../net/consul/service-registry.ts";

/** What is told of this agent. */
interface SelfDescription extends OwnDescription {
  /** What readiness waits for, as one line for people; `undefined` when the agent is ready. */
  readonly waitsFor: string | undefined;
}

export interface SelfRegistrationOptions extends OwnPlace {
  readonly describe: () => SelfDescription;
}

export interface SelfRegistrationPorts {
  readonly registry: ServiceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Heads are looked at once a second: a fleet's overview may lag by that; the answers of DNS do not. */
const LOOK_EVERY_MS = 1_000;

/** Registered anew this often, so that a Consul that lost its state has the agent back within a minute. */
const RENEW_EVERY_MS = 60_000;

/** Three reports within the 30 s after which Consul takes the agent for dead. */
const REPORT_EVERY_MS = 10_000;

/** One request; a Consul that takes longer is asked again at the next look. */
const DEADLINE_MS = 5_000;

/**
 * A stop may not hang on a Consul that does: the process ends within 2 s, and DNS and HTTP have to close in them too.
 */
const FAREWELL_MS = 800;

/** What is refused once is refused again; anything else may be over with the next request. */
const REFUSALS: ReadonlySet<ConsulErrorCode> = new Set(["http-4xx", "http-403"]);

/**
 * What Consul will say again when it is asked the same: it is told more only after `RENEW_EVERY_MS`, or of a change.
 */
interface Answer {
  readonly key: string;
  readonly at: number;
  /** The definition that Consul took; absent when it refused. */
  readonly taken?: ServiceDefinition;
}

/**
 * Keeps the agent itself registered in Consul as service `headwaiter`, with its version and heads as metadata. Updates
 * it when they change; deregisters on a clean stop. A Consul that is down is tried again, logged once, and delays
 * nothing.
 */
export class SelfRegistration implements Runnable {
  readonly #ports: SelfRegistrationPorts;
  readonly #options: SelfRegistrationOptions;
  readonly #life = new Life();
  #answer: Answer | undefined;
  #reported: { readonly key: string; readonly at: number } | undefined;
  /** Set also when it is not known whether Consul took the last request. The same for as long as the process lives. */
  #id: string | undefined;
  #failing = false;

  constructor(ports: SelfRegistrationPorts, options: SelfRegistrationOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Registers as soon as Consul takes it. Deregisters at the end, unless Consul does not answer within 0.8 s. */
  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      while (!signal.aborted) {
        await this.#tell(signal);
        await delay(this.#ports.clock, LOOK_EVERY_MS, signal);
      }
      await this.#sayFarewell();
    });
  }

  async #sayFarewell(): Promise<void> {
    const id = this.#id;
    if (id !== undefined) {
      this.#answer = undefined;
      this.#id = undefined;
      const limits = { deadlineMs: FAREWELL_MS, signal: new AbortController().signal };
      await this.#ports.registry.deregisterService(id, limits).catch((error: unknown) => {
        this.#ports.logger.warn({ reason: messageOf(error) }, "this agent stays registered in Consul");
      });
    }
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const limits = { deadlineMs: DEADLINE_MS, signal };
    const { waitsFor, ...description } = this.#options.describe();
    const key = JSON.stringify([description.version, ...description.heads]);
    try {
      if (this.#answer?.key !== key || this.#isOlder(this.#answer, RENEW_EVERY_MS)) {
        const taken = await this.#register(description, limits);
        this.#answer = { key, at: this.#ports.clock.now(), taken };
        this.#reported = undefined;
      }
      if (this.#answer.taken !== undefined) {
        await this.#report(this.#answer.taken, waitsFor, limits);
        this.#succeeded(this.#answer.taken);
      }
    } catch (error) {
      const isRefusal = error instanceof ConsulError && REFUSALS.has(error.code);
      this.#answer = isRefusal ? { key, at: this.#ports.clock.now() } : undefined;
      this.#failed(error, signal);
    }
  }

  async #register(description: OwnDescription, limits: CallLimits): Promise<ServiceDefinition> {
    const { registry } = this.#ports;
    const definition = ownService(this.#options, await registry.way(limits.signal), description);
    const before = this.#id;
    this.#id = definition.id;
    await registry.registerService(definition, limits);
    if (before !== undefined && before !== definition.id) {
      await registry.deregisterService(before, limits); // this machine's address has changed
    }
    return definition;
  }

  /** Consul keeps the state of a check when it is registered again, so one that it took for dead is told here, too. */
  async #report(
    { checks }: ServiceDefinition,
    waitsFor: string | undefined,
    limits: CallLimits,
  ): Promise<void> {
    const key = waitsFor ?? "";
    if (this.#reported?.key === key && !this.#isOlder(this.#reported, REPORT_EVERY_MS)) {
      return;
    }
    for (const { id, kind, name } of checks) {
      if (kind === "ttl") {
        const problem = name === "alive" ? undefined : waitsFor;
        const report = { passing: problem === undefined, note: problem ?? "" };
        await this.#ports.registry.reportCheck(id, report, limits);
      }
    }
    this.#reported = { key, at: this.#ports.clock.now() };
  }

  #isOlder({ at }: { readonly at: number }, ageMs: number): boolean {
    return this.#ports.clock.now() - at >= ageMs;
  }

  #succeeded({ id }: ServiceDefinition): void {
    if (this.#failing) {
      this.#ports.logger.info({ id }, "this agent is registered in Consul again");
    }
    this.#failing = false;
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      return;
    }
    const level = this.#failing ? "debug" : "warn";
    this.#ports.logger[level](
      { reason: messageOf(error) },
      "this agent can't be registered in Consul; tried again",
    );
    this.#failing = true;
  }
}

function messageOf(error: unknown): string {
  return error instanceof ConsulError ? `${error.code}: ${error.message}` : String(error);
}
