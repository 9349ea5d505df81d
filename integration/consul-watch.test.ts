import { faultContract } from "../test/consul/fault-contract.ts";
import { watchContract } from "../test/consul/watch-contract.ts";
import { ConsulContainer } from "./support/consul-container.ts";

async function devAgent() {
  const consul = await ConsulContainer.start();
  return { address: `http://127.0.0.1:${consul.httpPort}`, close: () => consul.remove() };
}

watchContract("a real Consul", devAgent);
faultContract("a real Consul", devAgent);
