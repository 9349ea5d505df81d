import * as z from "zod";
import type { ServiceInstance, SkippedInstance } from "./catalog.ts";
import { ConsulError } from "./consul-error.ts";
import { type JsonList, splitList } from "./json-list.ts";
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
  /** Entries that can't be read, or are too many. */
  readonly skipped: readonly SkippedInstance[];
}

/**
 * Entries of an answer that are read; Consul's own limit is its memory. Reading 10,000 takes about 50 ms, and a list of
 * so many servers is far beyond what a head is chosen from.
 */
const MOST_ENTRIES = 10_000;

/** Bytes of an entry. One with 50 checks, whose outputs Consul cuts at 4 KiB, has 200 KiB. */
const LONGEST_ENTRY = 262_144;

/** Characters of a name of a datacenter: Consul takes 64 at most. */
const LONGEST_NAME = 255;

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
  const instances: ServiceInstance[] = [];
  const skipped: SkippedInstance[] = [];
  const { entries, length } = listIn(body, endpoint, quote);
  let areForeign = entries.length > 0;
  for (const [index, bytes] of entries.entries()) {
    const position = `entry ${index + 1}`;
    if (bytes.length > LONGEST_ENTRY) {
      skipped.push({ id: position, reason: `${bytes.length} bytes, expected ${LONGEST_ENTRY} at most` });
      continue;
    }
    const fields = FIELDS_OF[endpoint](objectOf(jsonIn(bytes, endpoint, quote)));
    const id = (typeof fields.id === "string" && quote(fields.id)) || position;
    const { data, error } = Instance.safeParse(fields);
    if (data === undefined) {
      skipped.push({ id, reason: reasonOf(error) });
    } else {
      instances.push({ ...data, id });
    }
    areForeign &&= !looksLikeInstance(fields);
  }
  if (areForeign) {
    throw new ConsulError("schema", `${endpoint}: unexpected JSON: no entry has an ID, a service or a port`);
  }
  if (length > entries.length) {
    const reason = `${length} entries, expected ${MOST_ENTRIES} at most`;
    skipped.push({ id: `all from entry ${MOST_ENTRIES + 1} on`, reason });
  }
  return { instances, skipped };
}

/**
 * The names of the datacenters; entries that are no names are passed over.
 * @throws ConsulError as `instancesIn` does.
 */
export function datacentersIn(body: Buffer | undefined, quote: Quote): readonly string[] {
  const endpoint = "catalog.datacenters";
  const { entries } = listIn(body, endpoint, quote);
  const names = entries
    .filter((bytes) => bytes.length <= LONGEST_ENTRY)
    .map((bytes) => jsonIn(bytes, endpoint, quote))
    .filter((name) => typeof name === "string")
    .filter((name) => name !== "" && name.length <= LONGEST_NAME);
  if (entries.length > 0 && names.length === 0) {
    throw new ConsulError("schema", `${endpoint}: unexpected JSON: no entry is a name`);
  }
  return names;
}

function looksLikeInstance({ id, service, port }: Fields): boolean {
  return [id, service, port].some((field) => field !== undefined && field !== null);
}

/**
 * The entries of a body, whatever type the answer calls itself: a proxy may leave that out. To Go, in which Consul is
 * written, a list of nothing may be null.
 */
function listIn(body: Buffer | undefined, endpoint: string, quote: Quote): JsonList {
  if (body === undefined || body.length === 0) {
    throw new ConsulError("not-json", `${endpoint}: expected JSON, got an empty body`, { brokenOff: true });
  }
  try {
    const list = splitList(body, MOST_ENTRIES);
    if (list !== undefined) {
      return list;
    }
  } catch {
    throw notJson(body, endpoint, quote);
  }
  if (body.length <= LONGEST_ENTRY && jsonIn(body, endpoint, quote) === null) {
    return { entries: [], length: 0 };
  }
  const found = beginningOf(body, quote);
  throw new ConsulError("schema", `${endpoint}: unexpected JSON: expected a list, got ${found}`);
}

function jsonIn(bytes: Buffer, endpoint: string, quote: Quote): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw notJson(bytes, endpoint, quote);
  }
}

/** Without the parser's own message: that quotes the text, and could quote half a token. */
function notJson(bytes: Buffer, endpoint: string, quote: Quote): ConsulError {
  const found = beginningOf(bytes, quote);
  return new ConsulError("not-json", `${endpoint}: expected JSON, got ${found}`);
}

function beginningOf(bytes: Buffer, quote: Quote): string {
  return `text that begins with "${quote(bytes.toString("utf8", 0, BEGINNING), EXCERPT)}"`;
}

/** Characters of a foreign answer that are shown, and bytes that are looked at for the token before. */
const EXCERPT = 60;
const BEGINNING = 4_096;

function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

function reasonOf(error: z.ZodError): string {
  const [first] = error.issues;
  return `${first?.path.join(".") ?? ""}: ${first?.message.replace("Invalid input: ", "") ?? "unexpected"}`;
}
