import { FakeConsul } from "./fake-consul.ts";
import { watchContract } from "./watch-contract.ts";

watchContract("the fake Consul", () => new FakeConsul().listen());
