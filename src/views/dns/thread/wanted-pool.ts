/** Which pool a question is about that no pool serves: pure. Labels are in lower case, those of the zone left out. */
import { poolOfService, serviceOfPool } from "../../../core/service-pool.ts";

/** Of our own zone: `NAME`, `_NAME._tcp` and `_NAME._tcp.all`. */
export function poolOfOwnName(labels: readonly string[]): string | undefined {
  const [first = "", ...rest] = labels;
  switch (rest.join(".")) {
    case "":
      return named(first);
    case "_tcp":
    case "_tcp.all":
      return named(withoutUnderscore(first));
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
    return labels.length === 1 ? named(first) : named(second, first);
  }
  const [name, tag] = [withoutUnderscore(first), withoutUnderscore(second)];
  return tag === "tcp" ? named(name) : named(name, tag);
}

/** A label may hold any byte, a dot, too. */
function named(name: string, tag?: string): string | undefined {
  const pool = poolOfService({ name, tag });
  const service = serviceOfPool(pool);
  return service?.name === name && service.tag === tag ? pool : undefined;
}

/** No label, where there is none to take away. */
function withoutUnderscore(label: string): string {
  return label.startsWith("_") ? label.slice(1) : "";
}
