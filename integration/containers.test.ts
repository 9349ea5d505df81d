import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ConsulContainer } from "./support/consul-container.ts";

const script = (name: string): string => fileURLToPath(new URL(`../scripts/${name}`, import.meta.url));
const run = promisify(execFile);
const output = async (file: string, ...args: string[]): Promise<string> =>
  (await run(file, args)).stdout.trim();

/** Creates (does not start) a container that claims to belong to a run. */
const createLabelled = async (runId: string): Promise<string> =>
  output(
    "docker",
    "create",
    "--label",
    `headwaiter.run=${runId}`,
    process.env["CONSUL_IMAGE"] ?? "",
    "version",
  );

const exists = async (containerId: string): Promise<boolean> =>
  (await output("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", `id=${containerId}`)) !== "";

const refused = async (consul: ConsulContainer): Promise<boolean> =>
  consul.http.leader().then(
    () => false,
    () => true,
  );

test("a dev agent shows a service from its registration to its deregistration", async () => {
  await using consul = await ConsulContainer.start();
  assert.deepEqual(await consul.http.passing("web"), []);

  await consul.http.register({ name: "web", id: "web-1", address: "192.0.2.1", port: 80, tags: ["blue"] });
  const [instance, ...others] = await consul.http.passing("web");
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...instance, node: "" },
    { id: "web-1", node: "", address: "192.0.2.1", port: 80, tags: ["blue"] },
  );

  await consul.http.deregister("web-1");
  assert.deepEqual(await consul.http.passing("web"), []);
});

test("a killed dev agent refuses, and comes back wiped on the same port", async () => {
  await using consul = await ConsulContainer.start();
  await consul.http.register({ name: "web", port: 80 });

  await consul.kill();
  assert.ok(await refused(consul));
  await consul.restart();
  assert.deepEqual(await consul.http.passing("web"), []);
});

test("a server keeps its data through a restart and loses it in a wiped one, on the same port", async () => {
  await using consul = await ConsulContainer.start({
    role: { kind: "server", expectedServers: 1, join: [] },
  });
  await consul.http.call("PUT", "/v1/kv/colour", "blue");

  await consul.stop();
  await consul.restart();
  assert.equal(await consul.http.call("GET", "/v1/kv/colour?raw"), "blue");
  await consul.restartWiped();
  await assert.rejects(consul.http.call("GET", "/v1/kv/colour?raw"), { code: "CONSUL_HTTP", status: 404 });
});

test("a paused agent hangs until it is unpaused", async () => {
  await using consul = await ConsulContainer.start();
  await consul.pause();
  const leader = consul.http.leader();
  // A running agent answers within milliseconds; this one has not when the engine has answered twice.
  const first = await Promise.race([leader, output("docker", "info").then(() => output("docker", "info"))]);
  await consul.unpause();
  assert.notEqual(first, await leader);
});

test("flags, configuration and files reach the agent", async () => {
  await using consul = await ConsulContainer.start({
    flags: ["-datacenter=dc7", "-config-file=/tmp/extra.hcl"],
    hcl: ['acl { enabled = true, default_policy = "deny", tokens { master = "root" } }'],
    files: { "/tmp/extra.hcl": 'node_name = "from-file"' },
    token: "root",
  });
  const { Config } = (await consul.http.call("GET", "/v1/agent/self")) as {
    Config: { Datacenter: string; NodeName: string };
  };
  assert.equal(Config.Datacenter, "dc7");
  assert.equal(Config.NodeName, "from-file");
});

test("ports are published on loopback only, dns over udp and tcp on one number", async () => {
  await using consul = await ConsulContainer.start();
  const published = await output("docker", "port", consul.containerId);
  assert.deepEqual(published.split("\n").sort(), [
    `8500/tcp -> 127.0.0.1:${consul.httpPort}`,
    `8600/tcp -> 127.0.0.1:${consul.dnsPort}`,
    `8600/udp -> 127.0.0.1:${consul.dnsPort}`,
  ]);
});

test("a sweep removes what a dead run left and nothing of a live one", async () => {
  const owner = spawn("sleep", ["60"], { stdio: "ignore" });
  assert.ok(owner.pid);
  const ownerRun = await output(script("sweep"), "id", `${owner.pid}`);
  const container = await createLabelled(ownerRun);
  try {
    await run(script("sweep"), ["dead"]);
    assert.ok(await exists(container));

    owner.kill("SIGKILL");
    await once(owner, "exit");
    await run(script("sweep"), ["dead"]);
    assert.ok(!(await exists(container)));
  } finally {
    owner.kill("SIGKILL");
    await run(script("sweep"), ["run", ownerRun]);
  }
});

test("a reused pid does not keep a dead run's containers", async () => {
  const thisRun = await output(script("sweep"), "id", `${process.pid}`);
  const earlierRun = `${thisRun}0`;
  const container = await createLabelled(earlierRun);
  await run(script("sweep"), ["dead"]);
  assert.ok(!(await exists(container)));
});

test("with-engine keeps the exit code and removes its run's containers and networks", async () => {
  const commands = `
    docker network create --label headwaiter.run=$HEADWAITER_RUN_ID headwaiter-test-$$ >&2
    docker run --detach --label headwaiter.run=$HEADWAITER_RUN_ID --network headwaiter-test-$$ $CONSUL_IMAGE agent -dev
    echo headwaiter-test-$$
    exit 7`;
  const failure = await run(script("with-engine"), ["bash", "-c", commands]).catch((error: unknown) => error);
  assert.ok(failure instanceof Error && "code" in failure && "stdout" in failure);
  assert.equal(failure.code, 7);
  const [container, network] = String(failure.stdout).trim().split("\n");
  assert.ok(container && network);
  assert.ok(!(await exists(container)));
  assert.equal(await output("docker", "network", "ls", "--quiet", "--filter", `name=${network}`), "");
});

test("with-engine ended by a signal passes it on, keeps the exit code and removes its containers", async () => {
  const commands = `
    trap 'exit 3' TERM
    docker run --detach --label headwaiter.run=$HEADWAITER_RUN_ID $CONSUL_IMAGE agent -dev
    sleep 60 & wait`;
  const wrapper = spawn(script("with-engine"), ["bash", "-c", commands], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [first] = (await once(wrapper.stdout, "data")) as [Buffer];
  const container = first.toString().trim();
  assert.ok(await exists(container));
  wrapper.kill("SIGTERM");
  const [code] = (await once(wrapper, "exit")) as [number];
  assert.equal(code, 3);
  assert.ok(!(await exists(container)));
});

// Ctrl-C under npm: the terminal's signal and npm's own, moments apart.
test("with-engine signalled again and again passes it on once, and keeps the exit code", async () => {
  const program = `let count = 0;
    process.on("SIGINT", () => { count += 1; setTimeout(() => process.exit(10 + count), 100); });
    setInterval(() => undefined, 1000);
    console.log("up");`;
  for (let round = 0; round < 5; round += 1) {
    const wrapper = spawn(script("with-engine"), ["node", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 20_000,
      killSignal: "SIGKILL",
    });
    const exited = once(wrapper, "exit");
    await once(wrapper.stdout, "data");
    for (let times = 0; times < 40; times += 1) {
      wrapper.kill("SIGINT");
      await new Promise(setImmediate);
    }
    assert.deepEqual(await exited, [11, null]);
  }
});

test("callers at once get the same engine", async () => {
  const hosts = await Promise.all([1, 2, 3].map(() => output(script("engine"), "up")));
  assert.deepEqual(new Set(hosts), new Set([process.env["DOCKER_HOST"]]));
});
