import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type RemoteEvent, watchRemote } from "../../../src/sources/consul/remote-watch.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { FakeCatalog, failure } from "../../support/fake-catalog.ts";
import { FakeClock, settled } from "../../support/fake-ports.ts";

const REMOTE = "10.2.0.1:4647";

function searching(
  datacenters: readonly string[] = ["dc1", "dc2", "dc3"],
  named: readonly string[] | Error = [],
) {
  const catalog = new FakeCatalog();
  catalog.datacenterNames = named;
  let index = 4;
  const clock = new FakeClock(1_000_000);
  const abort = new AbortController();
  const config = { ...DEFAULT_CONSUL_WATCH, service: "nomad", datacenters };
  const ports = { catalog, clock, random: () => 0.5 };
  const events: RemoteEvent[] = [];
  const search = (async () => {
    for await (const event of watchRemote(ports, config, () => "dc1", abort.signal)) {
      events.push(event);
    }
  })();
  return {
    catalog,
    clock,
    answers: async (datacenter: string, list: readonly string[]) => {
      await settled();
      index += 1;
      catalog.waiting(datacenter).answer(list, index);
      await settled();
    },
    fails: async (datacenter: string) => {
      await settled();
      catalog.waiting(datacenter).fail("http-5xx");
      await settled();
    },
    /** What was yielded, in short, once the search has ended. */
    told: async () => {
      await settled();
      abort.abort();
      await search;
      assert.equal(catalog.open.length + clock.pending, 0);
      return events.map((event) => {
        const servers = event.kind === "answered" ? [event.listing.usable.length] : [];
        const found = event.kind === "searched" ? [event.foundNone] : [];
        return [event.kind, ...("datacenter" in event ? [event.datacenter] : []), ...servers, ...found].join(
          " ",
        );
      });
    },
  };
}

suite("the search of other datacenters yields", () => {
  test("what each one answers, until one has servers; that one is watched until it has none", async () => {
    const { answers, told } = searching();
    await answers("dc2", []);
    await answers("dc3", [REMOTE]);
    await answers("dc3", [REMOTE, "10.2.0.2:4647"]);
    await answers("dc3", []);
    const served = ["answered dc2 0", "answered dc3 1", "answered dc3 2", "answered dc3 0", "searched false"];
    assert.deepEqual(await told(), served);
  });

  test("that none has a server, when each answered so", async () => {
    const { answers, told } = searching();
    await answers("dc2", []);
    await answers("dc3", []);
    assert.deepEqual(await told(), ["answered dc2 0", "answered dc3 0", "searched true"]);
  });

  test("a failure, which leaves open whether there are servers", async () => {
    const { answers, fails, told } = searching();
    await fails("dc2");
    await answers("dc3", []);
    assert.deepEqual(await told(), ["failed dc2", "answered dc3 0", "searched false"]);
  });

  test("a failure of the catalog, and looks again after the pause", async () => {
    const { catalog, clock, answers, told } = searching([], failure("http-5xx"));
    await settled();
    catalog.datacenterNames = ["dc1", "dc2"];
    await clock.advance(60_000);
    await answers("dc2", []);
    assert.deepEqual(await told(), ["catalog-failed", "searched false", "answered dc2 0", "searched true"]);
  });

  test("nothing after the abort", async () => {
    const { told } = searching();
    assert.deepEqual(await told(), []);
  });
});
