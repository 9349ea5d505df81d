/**
 * Asks the Consul at the given address so many times, each time several at once; prints the memory that took, in MiB.
 */
import { ConsulClient } from "../../../src/net/consul/consul-client.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";

const [address = "", times = "1", atOnce = "1"] = process.argv.slice(2);
const client = new ConsulClient({ address });
const { signal } = new AbortController();
const selection = { ...DEFAULT_CONSUL_WATCH, service: "web" };
const query = { selection, index: 0, waitMs: 1_000, deadlineMs: 60_000, signal };
const outcomes = new Set<string>();
for (let time = 0; time < Number(times); time += 1) {
  const asked = Array.from({ length: Number(atOnce) }, () => client.instances(query));
  for (const result of await Promise.allSettled(asked)) {
    outcomes.add(result.status === "fulfilled" ? "ok" : (result.reason as { code: string }).code);
  }
}
await client.close();
console.log(JSON.stringify({ outcomes: [...outcomes], peakMib: process.resourceUsage().maxRSS / 1_024 }));
