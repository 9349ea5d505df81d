/** The description of the API for programs, made from the routes as they are declared. */
import { STATUS_OF } from "./api-error.ts";
import type { QueryShape } from "./query.ts";
import type { Route } from "./route.ts";

const ERROR = {
  type: "object",
  required: ["error", "code", "details"],
  properties: {
    error: { type: "string", description: "One line for people." },
    code: { type: "string", enum: Object.keys(STATUS_OF) },
    details: { type: "object" },
  },
} as const;

/** @param replies JSON schemas of what routes answer, by their names. */
export function openApi(
  routes: readonly Route[],
  version: string,
  replies: Readonly<Record<string, object>>,
) {
  const paths: Record<string, Record<string, object>> = {};
  for (const declared of routes) {
    const path = declared.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [declared.method.toLowerCase()]: operationOf(declared) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "headwaiter", version, description: "The agent's HTTP API. Additive only." },
    paths,
    components: { schemas: { Error: ERROR, ...replies } },
  };
}

function operationOf({ answers, body, path, query, refusals, reply, summary }: Route) {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const inPath = names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  const parameters = [...inPath, ...queryParameters(query)];
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: { ...refusalsOf(refusals), ...answersOf(answers, reply) },
  };
}

function queryParameters(shape: QueryShape) {
  return Object.entries(shape).map(([name, { choices, description, isList, kind }]) => {
    const one = {
      type: kind === "integer" ? "integer" : kind === "boolean" ? "boolean" : "string",
      ...(choices === undefined ? {} : { enum: choices }),
      ...(kind === "duration" ? { pattern: "^\\d{1,9}(ms|s|m|h)$" } : {}),
    };
    return { name, in: "query", description, schema: isList === true ? { type: "array", items: one } : one };
  });
}

function answersOf(answers: Route["answers"], reply: Route["reply"]) {
  const content = reply && jsonOf(reply);
  return Object.fromEntries(
    Object.entries(answers).map(([status, description]) => [
      status,
      content === undefined ? { description } : { description, content },
    ]),
  );
}

function jsonOf(schema: string) {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}

/** Refusals of one status are told together. */
function refusalsOf(codes: Route["refusals"]) {
  const statuses = new Set(codes.map((code) => STATUS_OF[code]));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const description = codes.filter((code) => STATUS_OF[code] === status).join(", ");
      return [status, { description, content: jsonOf("Error") }];
    }),
  );
}
