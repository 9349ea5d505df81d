import { z } from "zod";
import { ConsulError } from "./consul-error.ts";

/** What is read of Consul's answers; anything else in them is ignored. */

/** `/v1/health/service/:service` */
export const HealthAnswer = z.array(
  z.object({
    Node: z.object({ Address: z.string(), Datacenter: z.string().default("") }),
    Service: z.object({ ID: z.string(), Service: z.string(), Address: z.string(), Port: z.number().int() }),
  }),
);

/** `/v1/catalog/service/:service` */
export const CatalogServiceAnswer = z.array(
  z.object({
    Address: z.string(),
    Datacenter: z.string().default(""),
    ServiceID: z.string(),
    ServiceName: z.string(),
    ServiceAddress: z.string(),
    ServicePort: z.number().int(),
  }),
);

/** `/v1/catalog/datacenters` */
export const DatacentersAnswer = z.array(z.string().min(1));

/** @throws ConsulError `not-json` for text, such as a proxy's error page, and `schema` for other JSON. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  if (body === undefined || typeof body === "string" || Buffer.isBuffer(body)) {
    throw new ConsulError("not-json", `${what}: expected JSON, got ${describe(body)}`);
  }
  const result = schema.safeParse(body);
  if (!result.success) {
    const [first] = result.error.issues;
    const where = first === undefined || first.path.length === 0 ? "the answer" : first.path.join(".");
    throw new ConsulError("schema", `${what}: unexpected JSON at ${where}: ${first?.message ?? "unknown"}`);
  }
  return result.data;
}

function describe(body: undefined | string | Buffer): string {
  const text = body === undefined ? "" : body.toString("utf8");
  return text === "" ? "an empty body" : `text that begins with ${JSON.stringify(text.slice(0, 40))}`;
}
