import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseConsulAddress } from "../../../src/net/consul/consul-address.ts";
import { wayToConsul } from "../../../src/net/consul/way-to-consul.ts";

const way = (address: string, signal = new AbortController().signal) =>
  wayToConsul(parseConsulAddress(address), signal);

suite("the way to Consul", () => {
  for (const address of ["http://127.0.0.1:8500", "https://[::1]:8501", "localhost:8500", "127.0.0.2:8500"]) {
    test(`${address} is on this machine`, async () => {
      assert.deepEqual(await way(address), { isLocal: true });
    });
  }

  test("behind a socket file may be another container, with a loopback of its own", async () => {
    assert.deepEqual(await way("unix:///run/consul.sock"), { isLocal: false });
  });

  test("ends with its signal, whatever the look-up of the name does", async () => {
    await assert.rejects(way("http://localhost:8500", AbortSignal.abort()), { code: "aborted" });
    const abort = new AbortController();
    const looking = way("http://localhost:8500", abort.signal);
    abort.abort();
    await assert.rejects(looking, { code: "aborted" });
  });
});
