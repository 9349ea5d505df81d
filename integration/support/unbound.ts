import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { ListenAddress } from "../../src/dns/thread-messages.ts";
import { freePort, PeerProcess } from "./peer-process.ts";

const PAGE = fileURLToPath(new URL("../../docs/dns.md", import.meta.url));

/** The recipe for unbound as docs/dns.md prints it, but for the agent's address. */
async function recipeFor(agent: ListenAddress): Promise<string> {
  const page = await readFile(PAGE, "utf8");
  const recipe = /^```\n# unbound\n(.*?)^```$/ms.exec(page)?.[1];
  if (recipe?.includes("127.0.0.1@8653") !== true) {
    throw new Error(`${PAGE} has no recipe for unbound`);
  }
  return recipe.replace("127.0.0.1@8653", `${agent.host}@${agent.port}`);
}

/**
 * Runs unbound by the recipe of docs/dns.md until the test ends, with its default modules; `settings` go to its `server`
 * section. Resolves with where it listens, once `isReady` says yes.
 */
export async function startUnbound(
  t: TestContext,
  agent: ListenAddress,
  settings: readonly string[],
  isReady: (unbound: ListenAddress) => Promise<boolean>,
): Promise<ListenAddress> {
  const folder = await mkdtemp(join(tmpdir(), "unbound-"));
  t.after(() => rm(folder, { recursive: true }));
  const unbound = { host: "127.0.0.1", port: await freePort() };
  // What it takes to run it beside others, unprivileged: nothing about how it resolves.
  const plumbing = [
    "server:",
    `  directory: "${folder}"`,
    '  chroot: ""',
    '  username: ""',
    '  pidfile: ""',
    "  use-syslog: no",
    "  interface: 127.0.0.1",
    `  port: ${unbound.port}`,
    "  do-daemonize: no",
    ...settings.map((setting) => `  ${setting}`),
    "remote-control:",
    "  control-enable: no",
  ];
  const file = join(folder, "unbound.conf");
  await writeFile(file, `${plumbing.join("\n")}\n${await recipeFor(agent)}`);
  const peer = new PeerProcess("unbound", ["-p", "-c", file]);
  t.after(() => peer.stop());
  await peer.ready(() => isReady(unbound));
  return unbound;
}
