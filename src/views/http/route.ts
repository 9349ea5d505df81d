/** A route says once what it reads and what it answers: for the server and for its description. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RefusalCode } from "./api-error.ts";
import { parseQuery, type QueryShape, type QueryValues } from "./query.ts";
import type { ReplyName } from "./schemas/reply-schemas.ts";

export interface Call<Shape extends QueryShape> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly query: QueryValues<Shape>;
  /** Of the path, by name. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Route<Shape extends QueryShape = QueryShape> {
  readonly method: "GET" | "PUT" | "POST";
  /** `:name` is a part of the path that varies. */
  readonly path: string;
  readonly summary: string;
  readonly query: Shape;
  /** JSON schema of the body, for the description. */
  readonly body?: object;
  /** Status and what it means; refusals by their codes. */
  readonly answers: Readonly<Record<number, string>>;
  /** Of the JSON that it answers; absent: not JSON, or described elsewhere. */
  readonly reply?: ReplyName;
  readonly refusals: readonly RefusalCode[];
  /** What it returns is sent as JSON. */
  readonly handle: (call: Call<Shape>) => unknown;
}

/** Lets the compiler work out the query from the shape. */
export function route<Shape extends QueryShape>(declared: Route<Shape>): Route {
  return declared as unknown as Route;
}

export function addRoute(app: FastifyInstance, { handle, method, path, query: shape }: Route): void {
  app.route({
    method,
    url: path,
    handler: (request, reply) =>
      handle({
        request,
        reply,
        query: parseQuery(shape, request.query as Record<string, unknown>),
        params: request.params as Record<string, string>,
      }),
  });
}

/** The methods that a path has, by the declared routes; none when there is no such path. */
export function methodsOf(routes: readonly Route[], path: string): readonly string[] {
  const parts = path.split("?")[0]?.split("/") ?? [];
  const methods = routes
    .filter((declared) => fits(declared.path.split("/"), parts))
    .map(({ method }) => method);
  return methods.includes("GET") ? ["HEAD", ...methods] : methods;
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, index) => (part.startsWith(":") ? parts[index] !== "" : part === parts[index]))
  );
}
