import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { settingsOf } from "../../src/config/layer.ts";
import { configLayers } from "../../src/config/load.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-files-"));
after(() => {
  rmSync(directory, { recursive: true });
});

let count = 0;
function directoryOf(files: Readonly<Record<string, string | Buffer>>): string {
  const place = join(directory, `${count++}.d`);
  mkdirSync(place);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(place, name), text);
  }
  return place;
}

function load(...texts: (string | Buffer)[]) {
  const place = directoryOf(Object.fromEntries(texts.map((text, index) => [`${String(index)}.yaml`, text])));
  return settingsOf(configLayers({ config: [place] }, {}));
}

const DEFAULTS = settingsOf([]);

suite("an empty section is its defaults", () => {
  const texts = [
    ...["log", "dns", "http", "consul", "pools"].flatMap((section) => [
      `${section}:`,
      `${section}:\n  # wait: 5m\n# the end`,
      `${section}: null`,
      `{"${section}": null}`,
    ]),
    "pools:\n  nomad:\n    # servers: [a]",
    "pools: { nomad: ~ }",
    ...["servers", "health", "rebalance", "tls"].flatMap((section) => [
      `pools:\n  nomad:\n    ${section}:\n      # nothing`,
      `pools: { nomad: { ${section}: null } }`,
    ]),
    "pools:\n  nomad:\n    backups:\n      # service: other",
    "pools:\n  nomad:\n    backups:\n      datacenters:\n        # - dc2\n",
    "dns:\n  address:\n    # - 127.0.0.1:53\n  nameservers:\n  ttl: 0s",
    "datacenter:\nregion: # later\nhttp:\n  token_file:\n",
  ];
  for (const text of texts) {
    test(JSON.stringify(text), () => {
      assert.deepEqual(load(text), DEFAULTS);
    });
  }

  test("bare pools", () => {
    const { pools } = load("pools:\n  web:\n  redis:\n    # all as it is\n");
    assert.deepEqual(
      pools,
      settingsOf([{ origin: "test", values: { pools: { web: {}, redis: {} } } }]).pools,
    );
  });

  test("over an earlier file it says nothing, so that file's keys hold", () => {
    const config = load(
      "consul: { wait: 5m }\npools: { web: { health: { interval: 2s } } }",
      "consul:\npools:\n  web:\n    health:",
    );
    assert.equal(config.consul.wait, 300_000);
    assert.equal(config.pools["web"]?.health.interval, 2_000);
  });

  test("null that is written out still means no Consul, and no TLS", () => {
    const { pools } = load(
      "pools: { web: { backups: { tag: a }, tls: { ca_file: a } } }",
      "pools: { web: { backups: null, tls: ~ } }",
    );
    assert.equal(pools["web"]?.backups, null);
    assert.equal(pools["web"].tls, null);
  });

  test("a key that does not exist is none, empty or not", () => {
    assert.throws(() => load("nonsense:"), /nonsense: unknown key/);
    assert.throws(() => load("pools: { web: { nonsense: } }"), /pools\.web\.nonsense: unknown key/);
  });
});

suite("files as editors and packages leave them", () => {
  test("editors' copies and locks, packages' leftovers and hidden files of a directory are passed over", () => {
    const left = [
      ...[
        "x.yaml~",
        "#x.yaml#",
        ".x.yaml.swp",
        ".x.yaml",
        "._x.yaml",
        "~x.yaml",
        "4913",
        "x.yaml.bak",
        "x.yaml.orig",
      ],
      ...[
        "x.yaml.dpkg-old",
        "x.yaml.dpkg-dist",
        "x.yaml.rpmsave",
        "x.yaml.rpmnew",
        "x.json.ucf-dist",
        "x.yaml.tmp",
      ],
    ];
    const place = directoryOf(Object.fromEntries(left.map((name) => [name, "datacenter: wrong"])));
    symlinkSync("someone@somewhere.1234:5678", join(place, ".#x.yaml"));
    mkdirSync(join(place, "..2025_11_25"));
    writeFileSync(join(place, "..2025_11_25", "x.yaml"), "datacenter: right");
    symlinkSync("..2025_11_25", join(place, "..data"));
    symlinkSync("..data/x.yaml", join(place, "x.yaml"));
    assert.equal(settingsOf(configLayers({ config: [place] }, {})).datacenter, "right");
  });

  test("a directory without any file is the defaults", () => {
    assert.deepEqual(settingsOf(configLayers({ config: [directoryOf({})] }, {})), DEFAULTS);
  });

  for (const text of ["", "\n", "# nothing\n", "---\n", "\uFEFF", "\uFEFF# nothing\r\n", "null", "{}"]) {
    test(`an empty file: ${JSON.stringify(text)}`, () => {
      assert.deepEqual(load(text), DEFAULTS);
    });
  }

  test("byte order mark, CRLF, tabs inside JSON, one document between marks", () => {
    assert.equal(load("\uFEFFdatacenter: a\r\nconsul:\r\n  wait: 5m\r\n").consul.wait, 300_000);
    assert.equal(load('{\n\t"consul": {\n\t\t"wait": "5m"\n\t}\n}\n').consul.wait, 300_000);
    assert.equal(load("---\r\ndatacenter: a\r\n...\r\n").datacenter, "a");
  });

  test("merge keys and aliases", () => {
    const { pools } = load(
      "pools:\n  web: &web\n    health: { interval: 2s }\n    backups: { tag: a }\n  api:\n    <<: *web\n    backups: { tag: b }\n  more: { <<: [{ heartbeat: push }, *web] }",
    );
    assert.equal(pools["api"]?.health.interval, 2_000);
    assert.equal(pools["api"].backups?.tag, "b");
    assert.equal(pools["more"]?.heartbeat, "push");
    assert.equal(pools["more"].backups?.tag, "a");
  });
});

suite("what can't be read is one line with its place, and none of the text", () => {
  const rows: [string, RegExp][] = [
    ["consul:\n  wait: 1m\n  wait: 2m", /0\.yaml:3:3: expected YAML or JSON: Map keys must be unique$/],
    ['{"region": "a",\n "region": "b"}', /0\.yaml:2:2: expected YAML or JSON: Map keys must be unique$/],
    ["datacenter: a\r\n---\r\nregion: b", /0\.yaml:2:1: expected YAML or JSON: More than one document/],
    ["consul:\n  token: *S3CRET", /0\.yaml:2:10: expected YAML or JSON: Unresolved alias/],
    ["consul:\n  token: !S3CRET x", /0\.yaml:2:10: expected YAML or JSON: Unknown tag/],
    ["consul:\n  token: !!S3CRET x", /0\.yaml:2:10: expected YAML or JSON: Unknown tag/],
    ["consul:\n  token: !vault |\n    S3CRET", /0\.yaml:2:10: expected YAML or JSON: Unknown tag/],
    ["consul:\n  token: |S3CRET", /0\.yaml:2:\d+: expected YAML or JSON: Block scalar header/],
    ["consul:\n  token: | S3CRET", /0\.yaml:2:\d+: expected YAML or JSON: Not a YAML token$/],
    ["consul:\n  token: ]S3CRET", /0\.yaml:2:10: expected YAML or JSON: Unexpected flow-seq-end token/],
    ["consul:\n  token: @S3CRET", /0\.yaml:2:10: expected YAML or JSON: Plain value cannot start/],
    [
      "consul:\n  token: &S3CRET &S3CRET x",
      /0\.yaml:2:18: expected YAML or JSON: A node can have at most one/,
    ],
    ['consul:\n  token: "\\S3CRET"', /0\.yaml:2:11: expected YAML or JSON: Invalid escape sequence/],
    ["consul:\n  token: a: S3CRET", /0\.yaml:2:10: expected YAML or JSON: Nested mappings/],
    ["%S3CRET\n---\n{}", /0\.yaml:1:1: expected YAML or JSON: Unknown directive/],
    ["%YAML S3CRET\n---\n{}", /0\.yaml:1:\d: expected YAML or JSON: Unknown directive/],
    ["consul:\n  token:S3CRET\n  wait: 1m", /0\.yaml:2:3: expected YAML or JSON: Implicit keys/],
    ["consul:\n\twait: 1m", /0\.yaml:2:1: expected YAML or JSON: Tabs are not allowed as indentation$/],
    ["pools: &a { web: *a }", /0\.yaml:1:18: expected YAML or JSON: An alias of what it stands in$/],
    ["? [S3CRET]\n: 1", /0\.yaml:1:3: expected YAML or JSON: A key that is a mapping or a list$/],
    ["<<: S3CRET", /0\.yaml: expected YAML or JSON: Merge sources must be maps or map aliases$/],
    [`pools: ${"[".repeat(20_000)}`, /0\.yaml:1:\d+: expected YAML or JSON: Nested too deeply$/],
    ["S3CRET", /0\.yaml: expected a mapping of keys to values$/],
    ["consul: S3CRET", /0\.yaml: consul: expected a mapping of keys to values$/],
    ["pools: { web: S3CRET }", /0\.yaml: pools\.web: expected a mapping of keys to values$/],
    ["pools: { web: { servers: S3CRET } }", /0\.yaml: pools\.web\.servers: expected a list of addresses$/],
  ];
  for (const [text, expected] of rows) {
    test(JSON.stringify(text.slice(0, 40)), () => {
      assert.throws(
        () => load(text),
        (error) => {
          assert(error instanceof Error);
          assert.match(error.message, expected);
          assert.doesNotMatch(error.message, /S3CRET|\n/);
          return error.name === "ConfigError";
        },
      );
    });
  }
});

suite("a message names the key that would help", () => {
  const rows: [string, RegExp][] = [
    [
      "pools: { a-service-of-a-long-name: }",
      /pools\.a-service-of-a-long-name: pool name .* backups\.service of a pool names it$/,
    ],
    ["pools: { web_api: {} }", /pools\.web_api: pool name .* backups\.service of a pool names it$/],
    [
      "pools: { web: { service: api } }",
      /pools\.web\.service: unknown key, .*; there is pools\.web\.backups\.service$/,
    ],
    [
      "pools: { web: { ca_file: /ca.pem } }",
      /pools\.web\.ca_file: unknown key, .*; there is pools\.web\.tls\.ca_file$/,
    ],
    [
      "pools: { web: { tls: { ca: /ca.pem } } }",
      /unknown key, expected one of ca_file, cert_file, key_file$/,
    ],
    ["servers: ['10.0.0.1:80']", /: servers: unknown key, .*; there is pools\.\*\.servers$/],
    [
      "address: '127.0.0.1:53'",
      /: address: unknown key, .*; there is dns\.address, http\.address, consul\.address$/,
    ],
  ];
  for (const [text, expected] of rows) {
    test(JSON.stringify(text), () => {
      assert.throws(() => load(text), expected);
    });
  }
});
