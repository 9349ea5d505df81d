/** Which pool a question is about that no pool serves: pure. Labels are in lower case, those of the zone left out. */
import { poolOfService, serviceOfPool } from "../../../core/service-pool.ts";

/** Of our own zone: `NAME`, `_NAME._tcp` and `_NAME._tcp.all`. */
export function poolOfOwnName(labels: readonly string[]): string | undefined {
  const [first = "", ...rest] = labels;
  switch (rest.join(".")) {
    case "":
      return checked(first);
    case "_tcp":
    case "_tcp.all":
      return checked(withoutUnderscore(first));
    default:
      return undefined;
  }
}

/** Of `service.consul`: `NAME`, `TAG.NAME`, `_NAME._tcp` and `_NAME._TAG`. */
export function poolOfConsulName(labels: readonly string[]): string | undefined {
  const [first = "", second = "", ...rest] = labels;
  if (rest.length > 0) {
    return undefined;
  }
  if (!first.startsWith("_")) {
    return checked(labels.join("."));
  }
  const [name, tag] = [withoutUnderscore(first), withoutUnderscore(second)];
  return checked(tag === "tcp" ? name : poolOfService({ name, tag }));
}

function checked(pool: string): string | undefined {
  return serviceOfPool(pool) && pool;
}

/** No label, where there is none to take away. */
function withoutUnderscore(label: string): string {
  return label.startsWith("_") ? label.slice(1) : "";
}
