/** docs/configuration.md, read as people read it, against what the loader does. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { describedSections } from "../../scripts/reference/described-keys.ts";
import { agentFlags, agentVariables } from "../../scripts/reference/other-ways.ts";
import { withTables } from "../../scripts/reference/reference-tables.ts";
import { commands } from "../../src/cli/program.ts";
import { Signals } from "../../src/cli/signals.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { environmentLayers } from "../../src/config/environment.ts";
import { settingsOf } from "../../src/config/layer.ts";
import { configLayers } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/schema.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "docs/configuration.md"), "utf8");

/** Rows of the tables below a heading, without heads and rules. */
function rowsBelow(heading: string): string[][] {
  const [, text = ""] = page.split(`\n## ${heading}\n`);
  const [part = ""] = text.split("\n## ");
  return [...part.matchAll(/^\| (`.*) \|$/gm)].map(([, cells = ""]) => cells.split(" | "));
}

const keys = rowsBelow("Keys").map(([key = "", value = "", usual = "", example = "", does = ""]) => {
  const [taken = "", refused = ""] = example.split(", not ");
  return {
    key: inCode(key)[0] ?? "",
    isSecret: value.includes("**secret**"),
    usual,
    taken: inCode(taken),
    refused: inCode(refused),
    does,
  };
});
const sections = [...page.matchAll(/^### `(.*)`\n\n(.*)$/gm)].map(([, section = "", text = ""]) => ({
  section,
  usual: /Default: `(.*)`\./.exec(text)?.[1],
}));
const flags = rowsBelow("Flags of `headwaiter agent`").map((cells) => cells.map((cell) => inCode(cell)[0]));
const variables = rowsBelow("Environment variables").map((cells) => cells.map((cell) => inCode(cell)[0]));

function inCode(text: string): string[] {
  return [...text.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code);
}

/** `{ pools: { web: { health: { interval: value } } } }`. */
function valuesWith(path: readonly string[], value: unknown): object {
  const [first = "", ...rest] = path;
  return { [first]: rest.length === 0 ? value : valuesWith(rest, value) };
}

function load(...values: readonly object[]): Settings {
  return settingsOf(values.map((layer) => ({ origin: "FILE", values: layer })));
}

function pathOf(key: string, pool = "web"): string[] {
  return key.replace("<name>", pool).split(".");
}

function at(settings: unknown, path: readonly string[]): unknown {
  return path.reduce((value, part) => (value as Readonly<Record<string, unknown>>)[part], settings);
}

/** Keys of which neither stands without the other. */
const PARTNERS: Readonly<Record<string, string>> = { cert_file: "key_file", key_file: "cert_file" };

function partnerOf(path: readonly string[]): object {
  const partner = PARTNERS[path.at(-1) ?? ""];
  return partner === undefined ? {} : valuesWith(path.with(-1, partner), "partner.pem");
}

test("the page is what the script writes", () => {
  const reference = { sections: describedSections(), flags: agentFlags(), variables: agentVariables() };
  assert.equal(page, withTables(page, reference), "npm run config-reference");
});

suite("every key", () => {
  function pathsIn(settings: object, path: readonly string[] = []): string[] {
    return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
      const here = [...path, path.join() === "pools" ? "<name>" : name];
      const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
      return [here.join("."), ...(isSection ? pathsIn(value, here) : [])];
    });
  }

  test("of the settings is on the page once, as a section or in a table", () => {
    const { http, ...settings } = load({ pools: { nomad: { tls: {} } } });
    const all = pathsIn({ ...settings, http: { ...http, address: "no section" } });
    assert.ok(all.length > 50, "keys are found");
    const shown = [...sections.map(({ section }) => section), ...keys.map(({ key }) => key)];
    assert.deepEqual(shown.toSorted(), all.toSorted());
  });

  for (const { key, usual } of keys) {
    test(`${key} has the default ${usual} when nothing is configured`, () => {
      const [text = usual, ofNomad = text] = inCode(usual);
      for (const [pool, written] of [
        ["web", text],
        ["nomad", ofNomad],
      ] as const) {
        const value: unknown = usual === "the name of the pool" ? pool : parse(written);
        const path = pathOf(key, pool);
        const without = load({ pools: { [pool]: { tls: {} } } });
        const given = load({ pools: { [pool]: { tls: {} } } }, valuesWith(path, value));
        assert.deepEqual(at(given, path), at(without, path));
      }
    });
  }

  for (const { section, usual = "{}" } of sections) {
    test(`${section} has the default ${usual} when nothing is configured`, () => {
      assert.deepEqual(load(valuesWith(pathOf(section, "nomad"), parse(usual))), load());
    });
  }

  for (const { key, taken } of keys) {
    test(`${key} takes ${taken.join(" and ")}`, () => {
      const path = pathOf(key);
      assert.ok(taken.length > 0);
      for (const value of taken) {
        load(partnerOf(path), valuesWith(path, parse(value)));
      }
    });
  }

  for (const { key, refused } of keys) {
    test(`${key} refuses ${refused.join()} in a line that names it and what was expected`, () => {
      const path = pathOf(key);
      assert.equal(refused.length, 1);
      const values = [partnerOf(path), valuesWith(path, parse(refused.join()))];
      const line = new RegExp(
        `^ConfigError: FILE: ${path.join(".")}(\\.0)?: (\\w+ address ".*": )?(expected|can't be) [^\\n]*$`,
      );
      assert.throws(() => load(...values), line);
    });
  }

  test("that is a secret is marked, and its value not shown when it is refused", () => {
    const secrets = keys.filter(({ isSecret }) => isSecret);
    assert.deepEqual(
      secrets.map(({ key }) => key),
      keys
        .map(({ key }) => key)
        .filter((key) => /(token|password|secret)$/.test(key) && !/send_token$/.test(key)),
    );
    for (const { key, refused } of secrets) {
      assert.throws(
        () => load(valuesWith(pathOf(key), refused[0])),
        (error) => error instanceof ConfigError && !error.message.includes(refused[0] ?? ""),
      );
    }
  });
});

suite("every flag", () => {
  const agent = commands(new Signals()).commands.find((command) => command.name() === "agent");
  const options = agent?.options ?? [];

  test("of headwaiter agent is on the page once", () => {
    assert.ok(options.length > 9, "options are found");
    assert.deepEqual(
      flags.map(([written]) => written),
      options.map((option) => option.flags),
    );
  });

  for (const [written = "", key] of flags.filter(([, sets]) => sets !== undefined)) {
    test(`${written} sets ${key ?? ""}, where it is named`, () => {
      const [name = ""] = written.split(" ");
      const described = keys.find((candidate) => candidate.key === key);
      const option = options.find(({ long }) => long === name);
      const example = described?.taken[0] ?? "";
      const layers = configLayers({ [option?.attributeName() ?? ""]: parse(example) as string }, {});
      const path = pathOf(key ?? "");
      assert.deepEqual(at(settingsOf(layers), path), at(load(valuesWith(path, parse(example))), path));
      assert.notDeepEqual(at(settingsOf(layers), path), at(load(), path));
      assert.match(described?.does ?? "", new RegExp(`Flag \`${name}\`\\.`));
    });
  }

  test("tells in its help the default that the page tells", () => {
    for (const { long, description } of options) {
      const [, usual] = /\(default (.*)\)$/.exec(description) ?? [];
      const key = flags.find(([written]) => written?.startsWith(`${long ?? ""} `))?.[1];
      if (usual !== undefined) {
        const [shown = ""] = inCode(keys.find((candidate) => candidate.key === key)?.usual ?? "");
        assert.deepEqual([parse(shown)].flat(), [usual]);
      }
    }
  });
});

suite("every environment variable", () => {
  test("that the agent reads is on the page once", () => {
    const sources = globSync("src/{agent,config}/**/*.ts", { cwd: ROOT }).map((file) =>
      readFileSync(join(ROOT, file), "utf8"),
    );
    const read = sources.flatMap((text) => [
      ...[...text.matchAll(/process\.env\["(\w+)"\]/g)].map(([, name]) => name),
      ...[...text.matchAll(/^ {2}(CONSUL_\w+):/gm)].map(([, name]) => name),
    ]);
    assert.ok(read.length > 12, "variables are found");
    assert.deepEqual(variables.map(([name]) => name).toSorted(), read.toSorted());
  });

  for (const [name = "", key] of variables.filter(([, sets]) => sets !== undefined)) {
    test(`${name} sets ${key ?? ""}, where it is named`, () => {
      const described = keys.find((candidate) => candidate.key === key);
      const path = pathOf(key ?? "");
      const value = described?.taken[0] ?? "";
      const [layer] = environmentLayers({ [name]: value });
      assert.deepEqual(layer?.values, valuesWith(path, parse(value)));
      assert.match(described?.does ?? "", new RegExp(`Variable \`${name}\`\\.`));
    });
  }

  test("that is refused is on the page as such, and only those", () => {
    const told = variables.map(([name = ""]) => page.includes(`| \`${name}\` |  | Refused: `));
    const refused = variables.map(([name = ""]) => {
      try {
        environmentLayers({ [name]: "1" });
        return false;
      } catch (error) {
        return error instanceof ConfigError;
      }
    });
    assert.deepEqual(told, refused);
  });
});
