import { FakeConsul } from "./fake-consul.ts";
import { faultContract } from "./fault-contract.ts";

faultContract("the fake Consul", () => new FakeConsul().listen());
