/** `make run`: what it prints is true, and nothing of it is left. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { untilSeen } from "../scripts/lab/until.ts";
import { DemoRun, freeAddress } from "./support/demo-run.ts";

const run = promisify(execFile);

/** The port of the first SRV record, as the printed `dig` line asks for it; 0 without an answer. */
const askedWith = async (host: string, port: string, owner: string): Promise<number> => {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`${host}:${port}`]);
  const [record] = await resolver.resolveSrv(owner).catch(() => []);
  return record?.port ?? 0;
};

const containersOf = async (runId: string): Promise<string> =>
  (
    await run("docker", ["ps", "--all", "--quiet", "--filter", `label=headwaiter.run=${runId}`])
  ).stdout.trim();

test("its dig line names one of its servers, another when that is killed; Ctrl-C leaves nothing", async () => {
  await using demo = new DemoRun(await freeAddress());
  const [digHost = "", digPort = "", owner = ""] = await demo.printed(
    /dig @(\S+) -p (\d+) (_nomad\._tcp\.headwaiter\S+) SRV/,
  );
  await demo.printed(/Ctrl-C ends everything/);
  const servers = [...demo.output.matchAll(/127\.0\.0\.1:(\d+) +kill -9 (\d+)( +← the head)?/g)];
  const [head] = servers.filter(([, , , mark]) => mark !== undefined);
  assert.equal(servers.length, 3);
  assert.ok(head);
  assert.equal(await askedWith(digHost, digPort, owner), Number(head[1]));

  // Real Nomad clients look for their servers in `nomad`.
  const [consul = ""] = await demo.printed(/Consul is ready at (\S+)\. /);
  const services = (await (await fetch(`${consul}/v1/catalog/services`)).json()) as object;
  assert.deepEqual(Object.keys(services).toSorted(), ["consul", "headwaiter-demo"]);

  process.kill(Number(head[2]), "SIGKILL");
  const others = servers.filter((server) => server !== head).map(([, port]) => Number(port));
  const ask = () => askedWith(digHost, digPort, owner);
  await untilSeen("another head", 5_000, ask, (port) => others.includes(port));

  const variables = demo.processes().flatMap(({ environment }) => environment);
  // Its own, if it has been given one: with a `consul` on the PATH it has no container.
  const runs = new Set(variables.filter((text) => text.startsWith("HEADWAITER_RUN_ID=")));
  runs.delete(`HEADWAITER_RUN_ID=${process.env["HEADWAITER_RUN_ID"] ?? ""}`);
  assert.equal(await demo.interrupt(), 0);
  assert.deepEqual(demo.processes(), []);
  for (const variable of runs) {
    assert.equal(await containersOf(variable.split("=")[1] ?? ""), "");
  }
  await assert.rejects(fetch(consul), "its Consul has ended");
});

test("a second one on the same port ends with the agent's own line, and names no servers", async () => {
  const address = await freeAddress();
  await using first = new DemoRun(address);
  await first.printed(/Ctrl-C ends everything/);
  await using second = new DemoRun(address);
  assert.equal(await second.ended(), 1);
  assert.doesNotMatch(second.output, /kill -9/);
  assert.match(
    second.output.trim().split("\n").at(-1) ?? "",
    new RegExp(`^headwaiter: .*${address}.*in use`),
  );
  assert.deepEqual(second.processes(), []);
  assert.equal(await first.interrupt(), 0);
});
