import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ConsulError } from "../../src/net/consul/consul-error.ts";
import type { ServiceDefinition } from "../../src/net/consul/own-service.ts";
import type { CheckReport } from "../../src/net/consul/service-registry.ts";
import type { WayToConsul } from "../../src/net/consul/way-to-consul.ts";
import { SelfRegistration } from "../../src/views/self-registration.ts";
import { FakeClock, FakeLogger, settled } from "../support/fake-ports.ts";
import { begin, end } from "../support/lives.ts";

class FakeRegistry {
  readonly registered: ServiceDefinition[] = [];
  readonly deregistered: string[] = [];
  /** `id: state note` of each report. */
  readonly reports: string[] = [];
  attempts = 0;
  down = false;
  refuses: string | undefined;
  present: WayToConsul = { isLocal: true };

  way(): Promise<WayToConsul> {
    return Promise.resolve(this.present);
  }

  registerService(definition: ServiceDefinition): Promise<void> {
    this.attempts += 1;
    return this.#unlessDown(() => this.registered.push(definition));
  }

  reportCheck(id: string, { passing, note }: CheckReport): Promise<void> {
    const name = id.split(":").at(-1) ?? "";
    return this.#unlessDown(() =>
      this.reports.push(`${name} ${passing ? "passes" : "fails"}${note && `: ${note}`}`),
    );
  }

  /** A Consul that lost its state: it knows no check of ours. */
  lose(): void {
    this.reportCheck = () => {
      this.reportCheck = FakeRegistry.prototype.reportCheck.bind(this);
      return Promise.reject(new ConsulError("http-5xx", "no such check (500)"));
    };
  }

  deregisterService(id: string): Promise<void> {
    return this.#unlessDown(() => this.deregistered.push(id));
  }

  #unlessDown(act: () => unknown): Promise<void> {
    if (this.down) {
      return Promise.reject(new ConsulError("unreachable", "connect ECONNREFUSED"));
    }
    if (this.refuses !== undefined) {
      return Promise.reject(new ConsulError("http-4xx", this.refuses));
    }
    act();
    return Promise.resolve();
  }
}

function registration(listen = { host: "10.0.0.7", port: 8654 }) {
  const registry = new FakeRegistry();
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const heads = new Map<string, string | undefined>([["nomad", "10.0.0.1:4647"]]);
  const state: { waitsFor: string | undefined } = { waitsFor: undefined };
  const self = new SelfRegistration(
    { registry, clock, logger },
    {
      hostname: "web1",
      listen,
      readinessPath: "/v1/agent/ready",
      describe: () => ({ version: "1.2.3", heads, ...state }),
    },
  );
  return { registry, clock, logger, heads, state, self };
}

suite("self-registration", () => {
  test("names the service, its readiness check, its version and its heads", async () => {
    const { registry, self } = registration();
    begin(self);
    begin(self);
    await settled();
    assert.equal(registry.registered.length, 1);
    const { checks, ...service } = registry.registered[0] ?? assert.fail();
    assert.deepEqual(service, {
      id: "headwaiter-web1-10.0.0.7:8654",
      name: "headwaiter",
      address: "10.0.0.7",
      port: 8654,
      meta: { version: "1.2.3", head_nomad: "10.0.0.1:4647" },
    });
    assert.deepEqual(
      checks.map((check) => (check.kind === "http" ? check.url : check.name)),
      ["alive", "http://10.0.0.7:8654/v1/agent/ready"],
    );
    await end(self);
  });

  test("is updated when a head changes, and not otherwise for a minute", async () => {
    const { registry, clock, heads, self } = registration();
    begin(self);
    await clock.advance(30_000);
    assert.equal(registry.registered.length, 1);
    heads.set("nomad", undefined);
    await clock.advance(1_000);
    assert.deepEqual(
      registry.registered.map(({ meta }) => meta["head_nomad"]),
      ["10.0.0.1:4647", ""],
    );
    await clock.advance(61_000);
    assert.equal(registry.registered.length, 3, "renewed, should Consul have lost it");
    await end(self);
  });

  test("waits for a Consul that is down, and says so once", async () => {
    const { registry, clock, logger, self } = registration();
    registry.down = true;
    begin(self);
    await clock.advance(10_000);
    registry.down = false;
    await clock.advance(1_000);
    assert.equal(registry.registered.length, 1);
    assert.deepEqual(
      logger.lines.map(({ level }) => level).filter((level) => level !== "debug"),
      ["warn", "info"],
    );
    await end(self);
  });

  test("is told to be alive every ten seconds, and at once when Consul takes a new registration", async () => {
    const { registry, clock, heads, self } = registration();
    begin(self);
    await settled();
    assert.deepEqual(registry.reports, ["alive passes"]);
    await clock.advance(30_000);
    assert.equal(registry.reports.length, 4);
    heads.set("nomad", "10.0.0.2:4647");
    await clock.advance(1_000);
    assert.equal(
      registry.reports.length,
      5,
      "a check that Consul took for dead stays so when it is registered again",
    );
    await end(self);
  });

  test("a Consul on another machine is told of readiness, at once when it changes", async () => {
    const { registry, clock, state, self } = registration();
    registry.present = { isLocal: false, ourAddress: "10.0.0.7" };
    begin(self);
    await settled();
    state.waitsFor = "pools without a head: nomad";
    await clock.advance(1_000);
    state.waitsFor = undefined;
    await clock.advance(1_000);
    assert.deepEqual(registry.reports, [
      "alive passes",
      "readiness passes",
      "alive passes",
      "readiness fails: pools without a head: nomad",
      "alive passes",
      "readiness passes",
    ]);
    await end(self);
  });

  test("is back within seconds when Consul lost it", async () => {
    const { registry, clock, self } = registration();
    begin(self);
    await settled();
    registry.lose();
    await clock.advance(12_000);
    assert.equal(registry.registered.length, 2);
    await end(self);
  });

  test("what Consul refuses is asked again once a minute, or when it changes", async () => {
    const { registry, clock, logger, heads, self } = registration();
    registry.refuses = "Invalid service address (400)";
    begin(self);
    await clock.advance(59_000);
    assert.equal(registry.attempts, 1);
    heads.set("nomad", "10.0.0.2:4647");
    await clock.advance(1_000);
    assert.equal(registry.attempts, 2);
    registry.refuses = undefined;
    await clock.advance(61_000);
    assert.equal(registry.registered.length, 1);
    const [warning] = logger.lines;
    assert.match(JSON.stringify(warning), /Invalid service address/);
    await end(self);
  });

  test("a machine whose address has changed leaves its old registration", async () => {
    const { registry, clock, heads, self } = registration({ host: "0.0.0.0", port: 8654 });
    registry.present = { isLocal: false, ourAddress: "10.0.0.7" };
    begin(self);
    await settled();
    registry.present = { isLocal: false, ourAddress: "10.0.0.8" };
    heads.set("nomad", "10.0.0.2:4647");
    await clock.advance(1_000);
    assert.deepEqual(
      registry.registered.map(({ id, address }) => `${id} ${address ?? ""}`),
      ["headwaiter-web1-10.0.0.7:8654 10.0.0.7", "headwaiter-web1-10.0.0.8:8654 10.0.0.8"],
    );
    assert.deepEqual(registry.deregistered, ["headwaiter-web1-10.0.0.7:8654"]);
    await end(self);
    assert.equal(registry.deregistered.at(-1), "headwaiter-web1-10.0.0.8:8654");
  });

  test("ends with a clean stop: deregistered once, no timer left", async () => {
    const { registry, clock, self } = registration();
    begin(self);
    await settled();
    await Promise.all([end(self), end(self)]);
    assert.deepEqual(registry.deregistered, ["headwaiter-web1-10.0.0.7:8654"]);
    assert.equal(clock.pending, 0);
    await end(self);
    assert.equal(registry.deregistered.length, 1);
  });

  test("stops although Consul is gone", async () => {
    const { registry, logger, self } = registration();
    begin(self);
    await settled();
    registry.down = true;
    await end(self);
    assert.match(logger.lines.at(-1)?.message ?? "", /stays registered/);
  });
});
