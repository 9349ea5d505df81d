/** The query of a request, by the shape that its route declares: a parameter that nobody reads is a mistake. */
import { printable } from "../../core/printable.ts";
import { ApiError } from "./api-error.ts";

interface Parameter {
  readonly kind: "integer" | "duration" | "text" | "boolean";
  readonly description: string;
  /** Given any number of times. */
  readonly isList?: true;
  readonly choices?: readonly string[];
}

export type QueryShape = Readonly<Record<string, Parameter>>;

type Value<P extends Parameter> = P["kind"] extends "integer" | "duration"
  ? number
  : P["kind"] extends "boolean"
    ? boolean
    : string;

/** Durations in milliseconds. Absent where nothing was given; lists are empty then. */
export type QueryValues<Shape extends QueryShape> = {
  readonly [Name in keyof Shape]: Shape[Name] extends { readonly isList: true }
    ? readonly Value<Shape[Name]>[]
    : Value<Shape[Name]> | undefined;
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** @throws ApiError `bad-query` that names the parameter and what was expected. */
export function parseQuery<Shape extends QueryShape>(
  shape: Shape,
  given: Readonly<Record<string, unknown>>,
): QueryValues<Shape> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(shape, name)) {
      const expected = Object.keys(shape);
      const known = expected.length === 0 ? "no parameter" : `one of ${expected.join(", ")}`;
      throw new ApiError("bad-query", `query: ${printable(name)}: expected ${known}`, {
        details: { expected },
      });
    }
  }
  const values = Object.entries(shape).map(([name, parameter]) => [
    name,
    readParameter(name, parameter, Object.hasOwn(given, name) ? given[name] : undefined),
  ]);
  return Object.fromEntries(values) as QueryValues<Shape>;
}

function readParameter(name: string, parameter: Parameter, given: unknown): unknown {
  const texts = given === undefined ? [] : [given].flat().map(String);
  const values = texts.map((text) => parsed(name, parameter, text));
  if (parameter.isList === true) {
    return values;
  }
  if (values.length > 1) {
    throw new ApiError("bad-query", `query: ${name}: expected once`);
  }
  return values[0];
}

function parsed(name: string, { choices, kind }: Parameter, text: string): number | string | boolean {
  const refuse = (expected: string) =>
    new ApiError("bad-query", `query: ${name}: "${printable(text)}": expected ${expected}`, {
      details: { expected: choices ?? [expected] },
    });
  if (choices !== undefined && !choices.includes(text)) {
    throw refuse(`one of ${choices.join(", ")}`);
  }
  switch (kind) {
    case "text":
      return text;
    case "boolean":
      if (text !== "true" && text !== "false") {
        throw refuse("true or false");
      }
      return text === "true";
    case "integer":
      if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
        throw refuse("a whole number");
      }
      return Number(text);
    case "duration": {
      const [, amount, unit = ""] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
      if (amount === undefined) {
        throw refuse("a duration such as 30s");
      }
      return Number(amount) * (UNIT_MS[unit] ?? 1);
    }
  }
}
