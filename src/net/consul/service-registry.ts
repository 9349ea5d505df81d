import type { ServiceDefinition } from "./own-service.ts";
import type { WayToConsul } from "./way-to-consul.ts";

/** What a check is told: `note` is shown next to it. */
export interface CheckReport {
  readonly passing: boolean;
  readonly note: string;
}

/** How long a call may take, and who may end it earlier. */
export interface CallLimits {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The part of the Consul client that registration uses; all reject with `ConsulError`. */
export interface ServiceRegistry {
  way(signal: AbortSignal): Promise<WayToConsul>;
  registerService(definition: ServiceDefinition, limits: CallLimits): Promise<void>;
  reportCheck(id: string, report: CheckReport, limits: CallLimits): Promise<void>;
  deregisterService(id: string, limits: CallLimits): Promise<void>;
}
