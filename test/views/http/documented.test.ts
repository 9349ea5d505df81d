/** The pages name every route, parameter and code that there is, and no other. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { STATUS_OF } from "../../../src/views/http/api-error.ts";
import { HttpServer } from "../../../src/views/http/http-server.ts";
import { ask } from "../../support/http-client.ts";
import { httpOptions } from "../../support/http-fixtures.ts";

const page = readFileSync(new URL("../../../docs/http-api.md", import.meta.url), "utf8");
const explainPage = readFileSync(new URL("../../../docs/explain.md", import.meta.url), "utf8");

const NO_METRICS = {
  text: () => "",
  json: () => ({}),
  http: { expect: () => undefined, answered: () => undefined },
};

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

test("docs/http-api.md has each route with its parameters", async (t) => {
  const server = new HttpServer(httpOptions({ metrics: NO_METRICS }));
  await server.start();
  t.after(() => server.stop());
  const reply = await ask(`127.0.0.1:${server.address()?.port ?? 0}`, "/v1/openapi.json");
  const { paths } = reply.json() as { paths: Record<string, Record<string, Operation>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
      parameters: (operation.parameters ?? []).filter((each) => each.in === "query").map(({ name }) => name),
    })),
  );
  const rows = new Map(
    [...page.matchAll(/^\| `((?:GET|PUT|POST) \S+)` \|.*\| (.*)\|$/gm)].map(([, route, parameters]) => [
      route,
      parameters ?? "",
    ]),
  );
  assert.deepEqual([...rows.keys()].toSorted(), routes.map(({ route }) => route).toSorted());
  for (const { parameters, route } of routes.filter(({ route: each }) => each !== "GET /v1/events")) {
    const documented = [...(rows.get(route) ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name);
    assert.deepEqual(documented.toSorted(), parameters.toSorted(), route);
  }
});

test("docs/http-api.md has each code of a refusal with its status", () => {
  const rows = [...page.matchAll(/^\| (\d{3}) \| `([a-z-]+)` \|/gm)].map(([, status, code]) => [
    code,
    Number(status),
  ]);
  assert.deepEqual(Object.fromEntries(rows), STATUS_OF);
});

test("docs/explain.md has each code of an explanation", () => {
  const sources = ["because", "became-head", "others", "next", "explain", "explanation"].map((file) =>
    readFileSync(new URL(`../../../src/core/explain/${file}.ts`, import.meta.url), "utf8"),
  );
  const codes = new Set(
    sources.flatMap((source) => [
      ...[...source.matchAll(/"((?:became-head|stays-head|listed|mode)\.[a-z-]+)"/g)].map(
        ([, code]) => code ?? "",
      ),
      ...[...source.matchAll(/code: "([a-z-]+)"/g)].map(([, code]) => code ?? ""),
    ]),
  );
  assert.ok(codes.size > 35, `${codes.size} codes`);
  for (const code of codes) {
    assert.ok(explainPage.includes(`\`${code}\``), code);
  }
});
