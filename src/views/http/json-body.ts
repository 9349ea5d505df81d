import type { FastifyInstance } from "fastify";
import type * as z from "zod";
import { duplicateKey } from "../../core/duplicate-key.ts";
import { printable } from "../../core/printable.ts";
import { ApiError } from "./api-error.ts";

/** Bodies are JSON in which each key stands once. */
export function takeJson(app: FastifyInstance): void {
  // Keys such as `__proto__` are refused by the schema, which names them.
  const parse = app.getDefaultJsonParser("ignore", "ignore");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, text: string, done) => {
    void parse(request, text, (error, body) => {
      const twice = error === null && body !== undefined ? duplicateKey(text) : undefined;
      if (twice === undefined) {
        done(error, body);
      } else {
        done(new ApiError("bad-body", `body: "${printable(twice)}": expected each key once`));
      }
    });
  });
}

/** The body as its schema has it. @throws ApiError `bad-body` that names the place and what was expected. */
export function bodyOf<Body>(schema: z.ZodType<Body>, given: unknown): Body {
  const body = schema.safeParse(given);
  if (!body.success) {
    const [issue] = body.error.issues;
    const place = ["body", issue?.path.join(".")].filter(Boolean).join(": ");
    throw new ApiError("bad-body", printable(`${place}: ${issue?.message ?? ""}`));
  }
  return body.data;
}
