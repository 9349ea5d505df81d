/** What a single value may be: each kind says what was expected of a value that is none, and shows no secret of it. */
import * as z from "zod";
import { printable } from "../core/printable.ts";
import { EndpointError } from "../core/rpc-addr.ts";
import { withoutSecrets, withoutTokens } from "../core/without-secrets.ts";
import { parseListenAddress } from "./address.ts";
import { parseDurationMs } from "./duration.ts";

export function quoted(text: string): string {
  return JSON.stringify(printable(withoutSecrets(text)));
}

/** A string that `parse` turns into a value. `undefined` is a mistake, and so is an EndpointError, which says more. */
export function parsed<Value>(parse: (text: string) => Value | undefined, expected: string) {
  const error = `expected ${expected}`;
  return z.string({ error }).transform((text, context) => {
    const refuse = (expectation: string) => {
      context.addIssue({
        code: "custom",
        message: `${expectation}, got ${quoted(text)}`,
      });
      return z.NEVER;
    };
    try {
      return parse(text) ?? refuse(error);
    } catch (cause) {
      if (cause instanceof EndpointError) {
        return refuse(cause.expectation);
      }
      throw cause;
    }
  });
}

/** A string that `parse` takes without throwing; what it throws says what was expected. */
export function accepted(parse: (text: string) => unknown, error: string) {
  return z.string({ error }).superRefine((text, context) => {
    try {
      parse(text);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : error;
      const message = withoutTokens(reason.replaceAll(JSON.stringify(text), () => quoted(text)));
      context.addIssue({ code: "custom", message });
    }
  });
}

export const durationMs = parsed(parseDurationMs, 'a duration such as "500ms" or "10m"');
export const positiveDurationMs = durationMs.refine((ms) => ms > 0, {
  error: "expected a duration above zero",
});
export const listenAddress = parsed(parseListenAddress, 'an IP address and a port such as "127.0.0.1:8653"');
export const flag = z.boolean({ error: "expected true or false" });

/** A string that is not empty. */
export function filled(error: string) {
  return z.string({ error }).min(1, { error });
}

export const filePath = filled("expected the path of a file");

/** `null` is no mistake of these: an empty one is its defaults, see `withoutEmptySections`. */
export const mapping: { error: z.core.$ZodErrorMap } = {
  error: ({ code }) => (code === "invalid_type" ? "expected a mapping of keys to values" : undefined),
};
