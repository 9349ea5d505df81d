import assert from "node:assert/strict";
import { type AskerCounts, DnsAsker } from "../../scripts/lab/dns-asker.ts";
import { until } from "../../scripts/lab/until.ts";
import type { Scope } from "./scope.ts";

interface Asked {
  /** `host:port` of DNS. */
  readonly address: string;
  readonly perSecond: number;
  readonly maxOpen?: number;
}

interface HeadAsker {
  readonly counts: () => AskerCounts;
  /** Asks no more; resolves when all that was asked is answered, and was answered with this port alone. */
  readonly end: () => Promise<void>;
}

/** Asks all the time for the head of the pool `web`, which is the server with this port. Ends with the scope. */
export async function askForHead(scope: Scope, asked: Asked, port: number): Promise<HeadAsker> {
  const wrong: string[] = [];
  const name = "_web._tcp.headwaiter.internal";
  const asker = await DnsAsker.start({ ...asked, name }, ({ ports }) => {
    if (ports.length !== 1 || ports[0] !== port) {
      wrong.push(JSON.stringify(ports));
    }
  });
  scope.after(() => {
    asker.stop();
    asker.close();
  });
  return {
    counts: () => asker.counts,
    end: async () => {
      asker.stop();
      await until(
        () => asker.counts.sent === asker.counts.answered,
        () => asker.counts,
      );
      assert.deepEqual(wrong, []);
    },
  };
}
