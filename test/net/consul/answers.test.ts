import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { datacentersIn, instancesIn } from "../../../src/net/consul/answers.ts";
import { quoteWithout } from "../../../src/net/consul/quotation.ts";

const quote = quoteWithout(undefined);

function health(...entries: unknown[]) {
  return instancesIn(Buffer.from(JSON.stringify(entries)), "health.service", quote);
}

function catalog(...entries: unknown[]) {
  return instancesIn(Buffer.from(JSON.stringify(entries)), "catalog.service.nodes", quote);
}

/** As Consul 1.8 answers, with all that it adds. */
const NODE = {
  ID: "",
  Node: "n1",
  Address: "10.9.9.9",
  Datacenter: "dc1",
  Meta: { "consul-network-segment": "" },
};
const SERVICE = {
  ID: "web-1",
  Service: "web",
  Tags: [],
  Address: "10.0.0.1",
  Meta: null,
  Port: 4001,
  Weights: { Passing: 1, Warning: 1 },
};
const CATALOG_ENTRY = {
  Node: "n1",
  Address: "10.9.9.9",
  Datacenter: "dc1",
  ServiceID: "web-1",
  ServiceName: "web",
  ServiceAddress: "10.0.0.1",
  ServicePort: 4001,
};
const READ = {
  id: "web-1",
  service: "web",
  serviceAddress: "10.0.0.1",
  nodeAddress: "10.9.9.9",
  port: 4001,
  datacenter: "dc1",
};

const without = (object: object, key: string) =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

suite("a field that an answer leaves out, or gives as null, is empty", () => {
  const rows: [field: string, place: "Node" | "Service", catalogField: string, read: object][] = [
    ["Port", "Service", "ServicePort", { port: 0 }],
    ["Address", "Service", "ServiceAddress", { serviceAddress: "" }],
    ["Address", "Node", "Address", { nodeAddress: "" }],
    ["Datacenter", "Node", "Datacenter", { datacenter: "" }],
    ["ID", "Service", "ServiceID", { id: "entry 1" }],
    ["Service", "Service", "ServiceName", { service: "" }],
  ];
  for (const [field, place, catalogField, read] of rows) {
    const whole = { Node: NODE, Service: SERVICE, Checks: [] };
    const expected = { instances: [{ ...READ, ...read }], skipped: [] };
    test(`${place}.${field} in health`, () => {
      assert.deepEqual(health({ ...whole, [place]: without(whole[place], field) }), expected);
      assert.deepEqual(health({ ...whole, [place]: { ...whole[place], [field]: null } }), expected);
    });
    test(`${catalogField} in the catalog`, () => {
      assert.deepEqual(catalog(without(CATALOG_ENTRY, catalogField)), expected);
      assert.deepEqual(catalog({ ...CATALOG_ENTRY, [catalogField]: null }), expected);
    });
  }
  test("the whole node", () => {
    const { instances } = health({ Service: SERVICE }, { Node: null, Service: SERVICE });
    assert.deepEqual(instances, Array(2).fill({ ...READ, nodeAddress: "", datacenter: "" }));
  });
});

suite("a bad entry", () => {
  const rows: [what: string, entry: unknown, id: string, reason: RegExp][] = [
    [
      "a port that is text",
      { Service: { ...SERVICE, ID: "bad", Port: "80" } },
      "bad",
      /port: expected number/,
    ],
    ["a broken port", { Service: { ...SERVICE, ID: "bad", Port: 80.5 } }, "bad", /port: expected int/],
    [
      "an address that is none",
      { Service: { ...SERVICE, ID: "", Address: {} } },
      "entry 2",
      /serviceAddress: exp/,
    ],
    ["an ID that is none", { Service: { ...SERVICE, ID: 7, Port: [] } }, "entry 2", /port: expected number/],
  ];
  for (const [what, entry, id, reason] of rows) {
    test(`(${what}) is skipped with its ID or position, and the others count`, () => {
      const read = health({ Node: NODE, Service: SERVICE }, entry);
      assert.deepEqual(read.instances, [READ]);
      assert.equal(read.skipped[0]?.id, id);
      assert.match(read.skipped[0].reason, reason);
      assert.equal(health(entry).skipped.length, 1, "also when it is the only one");
    });
  }
  test("(no instance at all) becomes one without a port, which nobody uses", () => {
    for (const entry of [null, 5, "text", [], {}, { Service: null }, { Service: "web" }]) {
      assert.deepEqual(health({ Node: NODE, Service: SERVICE }, entry).instances[1]?.port, 0);
    }
  });
  test("does not show the token that it repeats", () => {
    const entry = [
      { Service: { ID: "x-s3cret", Service: "web", Port: "" } },
      { Service: { ID: "s3cret", Port: 1 } },
    ];
    const read = instancesIn(Buffer.from(JSON.stringify(entry)), "health.service", quoteWithout("s3cret"));
    assert.doesNotMatch(JSON.stringify(read), /s3cret/);
  });
});

suite("an answer", () => {
  test("of more than 10,000 entries is read as far, and what is left is told", () => {
    const { instances, skipped } = health(...Array<object>(10_003).fill({ Node: NODE, Service: SERVICE }));
    assert.equal(instances.length, 10_000);
    assert.deepEqual(skipped, [
      { id: "all from entry 10001 on", reason: "10003 entries, expected 10000 at most" },
    ]);
  });
  test("with an entry of more than 256 KiB is read without it", () => {
    const { instances, skipped } = health(
      { Service: SERVICE, Checks: ["x".repeat(300_000)] },
      { Service: SERVICE },
    );
    assert.equal(instances.length, 1);
    assert.match(skipped[0]?.reason ?? "", /^\d{6} bytes, expected 262144 at most$/);
  });

  test("of null is a list of nothing", () => {
    assert.deepEqual(instancesIn(Buffer.from("null"), "health.service", quote), {
      instances: [],
      skipped: [],
    });
    assert.deepEqual(datacentersIn(Buffer.from("null"), quote), []);
  });
  test("without one entry that looks like an instance is not Consul's", () => {
    for (const entry of [null, 5, {}, { name: "web" }, { Service: {} }]) {
      assert.throws(() => health(entry, entry), { code: "schema" });
      assert.throws(() => catalog(entry, entry), { code: "schema" });
    }
  });
  test("names the datacenters that it can name", () => {
    assert.deepEqual(datacentersIn(Buffer.from('["dc1",null,"",7,"dc2"]'), quote), ["dc1", "dc2"]);
    assert.throws(() => datacentersIn(Buffer.from("[1]"), quote), { code: "schema" });
  });
});
