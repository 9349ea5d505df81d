import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import type { Pinger } from "../../src/core/ports.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { CONFIG, fakePorts } from "../support/fake-ports.ts";

const KEYS = Array.from({ length: 8 }, (_, index) => `127.0.0.1:${index + 1}`);

const keys = fc.uniqueArray(fc.constantFrom(...KEYS));

async function rebalanced(
  servers: readonly string[],
  seed: number,
  pinger: Pinger,
  avoids?: (key: string) => boolean,
) {
  const ports = { ...fakePorts({ random: seededRandom(seed) }), pinger };
  const proxy = new RpcProxy({ ...ports, avoids }, CONFIG);
  for (const address of servers) {
    await proxy.addPrimaryServer(address);
  }
  const taken = await proxy.rebalanceServers();
  return { taken, order: proxy.serverRpcAddrs(), lines: ports.logger.lines };
}

test("a server to avoid is passed over as if it had not answered, and is neither asked nor said to be silent", async () => {
  await fc.assert(
    fc.asyncProperty(keys, keys, keys, fc.nat(), async (servers, avoided, silent, seed) => {
      const asked: string[] = [];
      const refusing = (refused: readonly string[]): Pinger => ({
        ping: ({ key }) => {
          asked.push(key);
          return refused.includes(key) ? Promise.reject(new Error("refused")) : Promise.resolve();
        },
      });
      const asIfSilent = await rebalanced(servers, seed, refusing([...avoided, ...silent]));
      asked.length = 0;
      const passedOver = await rebalanced(servers, seed, refusing(silent), (key) => avoided.includes(key));
      assert.deepEqual(passedOver.order, asIfSilent.order);
      assert.equal(passedOver.taken, asIfSilent.taken);
      const told = passedOver.lines.map(({ fields }) => (fields as { server?: string }).server ?? "");
      for (const key of avoided) {
        assert.ok(!asked.includes(key) && !told.includes(key), key);
      }
    }),
    { numRuns: 1_000 },
  );
});
