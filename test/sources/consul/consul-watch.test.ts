import { ScriptedConsul as FakeConsul } from "../../support/scripted-consul.ts";
import { watchContract } from "./watch-contract.ts";

watchContract("the fake Consul", () => new FakeConsul().listen());

watchContract("a fake Consul that leaves out what is empty", () =>
  new FakeConsul({ leavesOutEmpty: true }).listen(),
);
