import { printable } from "../../core/printable.ts";
import { EndpointError, joinHostPort, parseHost } from "../../core/rpc-addr.ts";
import type { CatalogAnswer, ServiceInstance, SkippedInstance } from "../../net/consul/catalog.ts";

export interface Addresses {
  /** Canonical `host:port`, unique, in Consul's order. */
  readonly usable: readonly string[];
  readonly skipped: readonly SkippedInstance[];
}

/**
 * The addresses of an answer's instances: the service's own, else its node's. An entry without a port, without a usable
 * address or of another service is skipped with the reason, as are those that could not be read; the others count.
 */
export function addressesOf(
  answer: Pick<CatalogAnswer, "instances" | "skipped">,
  service: string,
): Addresses {
  const usable = new Set<string>();
  const skipped = [...answer.skipped];
  for (const instance of answer.instances) {
    const found = addressOf(instance, service);
    if ("address" in found) {
      usable.add(found.address);
    } else {
      skipped.push({ id: instance.id, reason: found.reason });
    }
  }
  return { usable: [...usable], skipped };
}

/** Source: RFC 1035 §2.3.4. */
const LONGEST_HOST = 255;

function addressOf(instance: ServiceInstance, service: string): { address: string } | { reason: string } {
  // Consul finds services whatever their case.
  if (instance.service !== "" && instance.service.toLowerCase() !== service.toLowerCase()) {
    const [found, asked] = [instance.service, service].map((name) => JSON.stringify(printable(name)));
    return { reason: `belongs to service ${found}, asked for ${asked}` };
  }
  if (instance.port < 1 || instance.port > 65_535) {
    return { reason: `port ${instance.port}: expected a port from 1 to 65535` };
  }
  const host = instance.serviceAddress === "" ? instance.nodeAddress : instance.serviceAddress;
  if (host === "") {
    return { reason: "no address: expected a host as the service's or the node's address" };
  }
  if (host.length > LONGEST_HOST) {
    return { reason: `an address of ${host.length} characters: expected a host of ${LONGEST_HOST} at most` };
  }
  try {
    return { address: joinHostPort(parseHost(host).host, instance.port) };
  } catch (error) {
    if (error instanceof EndpointError) {
      return { reason: error.message };
    }
    throw error;
  }
}
