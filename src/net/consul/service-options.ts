import type { ServiceCheck, ServiceDefinition } from "./own-service.ts";

/** A definition as the npm package takes it; its declarations lack these fields. */
export function serviceOptions({ checks, meta, ...service }: ServiceDefinition): object {
  return { ...service, meta: { ...meta }, checks: checks.map(checkOptions) };
}

function checkOptions(check: ServiceCheck): object {
  const common = { checkid: check.id, name: check.name };
  switch (check.kind) {
    case "http":
      return {
        ...common,
        http: check.url,
        interval: `${check.intervalMs}ms`,
        timeout: `${check.timeoutMs}ms`,
      };
    case "ttl": {
      const reap =
        check.reapAfterMs === undefined ? {} : { deregistercriticalserviceafter: `${check.reapAfterMs}ms` };
      return { ...common, ttl: `${check.ttlMs}ms`, ...reap };
    }
  }
}
