import { z } from "zod";
import type { ServiceInstance, SkippedInstance } from "../sources/consul-catalog.ts";
import { ConsulError } from "./consul-error.ts";
import type { Quote } from "./quotation.ts";

/** The fields of an instance as an answer has them. */
type Fields = Record<keyof ServiceInstance, unknown>;

/** Where the two endpoints keep them. */
const FIELDS_OF = {
  "health.service": ({ Node, Service }: JsonObject): Fields => {
    const node = objectOf(Node);
    const service = objectOf(Service);
    return {
      id: service["ID"],
      service: service["Service"],
      serviceAddress: service["Address"],
      nodeAddress: node["Address"],
      port: service["Port"],
      datacenter: node["Datacenter"],
    };
  },
  "catalog.service.nodes": (entry: JsonObject): Fields => ({
    id: entry["ServiceID"],
    service: entry["ServiceName"],
    serviceAddress: entry["ServiceAddress"],
    nodeAddress: entry["Address"],
    port: entry["ServicePort"],
    datacenter: entry["Datacenter"],
  }),
};

type JsonObject = Readonly<Record<string, unknown>>;

/** A field that an instance can do without may be anything. */
const helpful = z.string().catch("");

/**
 * The least that is needed. What a version leaves out or sends as null counts as empty, as it does for Consul's own
 * clients: since 1.10 Consul leaves out a port of 0.
 */
const Instance = z.object({
  id: helpful,
  service: helpful,
  serviceAddress: z
    .string()
    .nullish()
    .transform((address) => address ?? ""),
  nodeAddress: helpful,
  port: z
    .number()
    .int()
    .nullish()
    .transform((port) => port ?? 0),
  datacenter: helpful,
});

interface Instances {
  readonly instances: readonly ServiceInstance[];
  /** Entries that can't be read. */
  readonly skipped: readonly SkippedInstance[];
}

/**
 * The instances of an answer. An entry that can't be read is skipped with its ID, or its position; the others count.
 * @throws ConsulError `not-json` for text, such as a proxy's error page; `schema` for other JSON: no list, or a list
 *   without one entry that looks like an instance.
 */
export function instancesIn(
  body: Buffer | undefined,
  endpoint: keyof typeof FIELDS_OF,
  quote: Quote,
): Instances {
  const entries = listIn(body, endpoint, quote).map((entry) => FIELDS_OF[endpoint](objectOf(entry)));
  if (entries.length > 0 && !entries.some(looksLikeInstance)) {
    throw new ConsulError("schema", `${endpoint}: unexpected JSON: no entry has an ID, a service or a port`);
  }
  const instances: ServiceInstance[] = [];
  const skipped: SkippedInstance[] = [];
  for (const [index, fields] of entries.entries()) {
    const id = (typeof fields.id === "string" && quote(fields.id)) || `entry ${index + 1}`;
    const { data, error } = Instance.safeParse(fields);
    if (data === undefined) {
      skipped.push({ id, reason: reasonOf(error) });
    } else {
      instances.push({ ...data, id });
    }
  }
  return { instances, skipped };
}

/**
 * The names of the datacenters; entries that are no names are passed over.
 * @throws ConsulError as `instancesIn` does.
 */
export function datacentersIn(body: Buffer | undefined, quote: Quote): readonly string[] {
  const entries = listIn(body, "catalog.datacenters", quote);
  const names = entries.filter((name) => typeof name === "string").filter((name) => name !== "");
  if (entries.length > 0 && names.length === 0) {
    throw new ConsulError("schema", "catalog.datacenters: unexpected JSON: no entry is a name");
  }
  return names;
}

function looksLikeInstance({ id, service, port }: Fields): boolean {
  return [id, service, port].some((field) => field !== undefined && field !== null);
}

/** The list in a body. To Go, in which Consul is written, a list of nothing may be null. */
function listIn(body: Buffer | undefined, endpoint: string, quote: Quote): readonly unknown[] {
  const list = jsonIn(body, endpoint, quote) ?? [];
  if (!Array.isArray(list)) {
    const found = typeof list === "object" ? "an object" : quote(JSON.stringify(list), EXCERPT);
    throw new ConsulError("schema", `${endpoint}: unexpected JSON: expected a list, got ${found}`);
  }
  return list;
}

/** Whatever type the answer calls itself: a proxy may leave that out. What the JSON parser says would quote the body. */
function jsonIn(body: Buffer | undefined, endpoint: string, quote: Quote): unknown {
  const text = body?.toString("utf8") ?? "";
  if (text === "") {
    throw new ConsulError("not-json", `${endpoint}: expected JSON, got an empty body`, { brokenOff: true });
  }
  try {
    return JSON.parse(text);
  } catch {
    const beginning = quote(text.slice(0, BEGINNING), EXCERPT);
    throw new ConsulError("not-json", `${endpoint}: expected JSON, got text that begins with "${beginning}"`);
  }
}

/** Characters of a foreign answer that are shown, and that are looked at for the token before. */
const EXCERPT = 60;
const BEGINNING = 4_096;

function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

function reasonOf(error: z.ZodError): string {
  const [first] = error.issues;
  return `${first?.path.join(".") ?? ""}: ${first?.message.replace("Invalid input: ", "") ?? "unexpected"}`;
}
