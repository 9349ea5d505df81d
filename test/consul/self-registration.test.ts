import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ConsulError } from "../../src/consul/consul-error.ts";
import { SelfRegistration, type ServiceDefinition } from "../../src/consul/self-registration.ts";
import { FakeClock, FakeLogger, settled } from "../core/fake-ports.ts";

class FakeRegistry {
  readonly registered: ServiceDefinition[] = [];
  readonly deregistered: string[] = [];
  down = false;

  registerService(definition: ServiceDefinition): Promise<void> {
    return this.#unlessDown(() => this.registered.push(definition));
  }

  deregisterService(id: string): Promise<void> {
    return this.#unlessDown(() => this.deregistered.push(id));
  }

  #unlessDown(act: () => unknown): Promise<void> {
    if (this.down) {
      return Promise.reject(new ConsulError("unreachable", "connect ECONNREFUSED"));
    }
    act();
    return Promise.resolve();
  }
}

function registration() {
  const registry = new FakeRegistry();
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const heads = new Map<string, string | undefined>([["nomad", "10.0.0.1:4647"]]);
  const self = new SelfRegistration(
    { registry, clock, logger },
    {
      httpAddress: "http://127.0.0.1:8654",
      readinessPath: "/v1/agent/ready",
      describe: () => ({ version: "1.2.3", heads }),
    },
  );
  return { registry, clock, logger, heads, self };
}

suite("self-registration", () => {
  test("names the service, its readiness check, its version and its heads", async () => {
    const { registry, self } = registration();
    self.start();
    self.start();
    await settled();
    assert.equal(registry.registered.length, 1);
    const { check, ...service } = registry.registered[0] ?? assert.fail();
    assert.deepEqual(service, {
      id: "headwaiter-8654",
      name: "headwaiter",
      address: "127.0.0.1",
      port: 8654,
      meta: { version: "1.2.3", head_nomad: "10.0.0.1:4647" },
    });
    assert.equal(check.http, "http://127.0.0.1:8654/v1/agent/ready");
    await self.stop();
  });

  test("is updated when a head changes, and not otherwise for a minute", async () => {
    const { registry, clock, heads, self } = registration();
    self.start();
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
    await self.stop();
  });

  test("waits for a Consul that is down, and says so once", async () => {
    const { registry, clock, logger, self } = registration();
    registry.down = true;
    self.start();
    await clock.advance(10_000);
    registry.down = false;
    await clock.advance(1_000);
    assert.equal(registry.registered.length, 1);
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ["warn", "info"],
    );
    await self.stop();
  });

  test("ends with a clean stop: deregistered once, no timer left", async () => {
    const { registry, clock, self } = registration();
    self.start();
    await settled();
    await Promise.all([self.stop(), self.stop()]);
    assert.deepEqual(registry.deregistered, ["headwaiter-8654"]);
    assert.equal(clock.pending, 0);
    await self.stop();
    assert.equal(registry.deregistered.length, 1);
  });

  test("stops although Consul is gone", async () => {
    const { registry, logger, self } = registration();
    self.start();
    await settled();
    registry.down = true;
    await self.stop();
    assert.match(logger.lines.at(-1)?.message ?? "", /stays registered/);
  });
});
