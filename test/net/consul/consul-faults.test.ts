import { ScriptedConsul } from "../../support/scripted-consul.ts";
import { faultContract } from "./fault-contract.ts";

faultContract("the fake Consul", () => new ScriptedConsul().listen());
