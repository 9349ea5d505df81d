/** Forwarders of other makers, run by the recipes that the docs print. None of them asks anybody but the agent. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/lab/free-port.ts";
import { PeerProcess } from "../../scripts/lab/peer-process.ts";
import type { DnsAddress } from "../../src/views/dns/thread-messages.ts";

/** Whose recipes are run: for the agent's own zone, or for Consul's names. */
export type Page = "dns.md" | "consul-names.md";

interface Forwarder {
  readonly command: string;
  args(file: string, folder: string): readonly string[];
  /** The recipe with what it takes to run it beside others, unprivileged: nothing about how it resolves the zone. */
  configuration(recipe: string, port: number, folder: string): string;
}

export type ForwarderName = keyof typeof FORWARDERS;

/** By the names that the recipes have. Everything outside the zone goes to port 9 of loopback, where nobody listens. */
export const FORWARDERS = {
  unbound: {
    command: "unbound",
    args: (file) => ["-p", "-c", file],
    configuration: (recipe, port, folder) => `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1
  port: ${port}
  do-daemonize: no
${recipe}
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@9
remote-control:
  control-enable: no
`,
  },
  dnsmasq: {
    command: "dnsmasq",
    args: (file) => ["--keep-in-foreground", `--conf-file=${file}`],
    configuration: (recipe, port) => `pid-file
user=
group=
log-facility=-
no-resolv
no-hosts
bind-interfaces
listen-address=127.0.0.1
port=${port}
${recipe}`,
  },
  BIND: {
    command: "named",
    args: (file) => ["-g", "-c", file],
    configuration: (recipe, port, folder) =>
      recipe.replace(
        "options {\n",
        `controls { };
options {
  directory "${folder}";
  pid-file none;
  session-keyfile none;
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  forward only;
  forwarders { 127.0.0.1 port 9; };
`,
      ),
  },
  "knot-resolver": {
    command: "kresd",
    args: (file, folder) => ["-n", "-c", file, folder],
    configuration: (recipe, port, folder) => `net.listen('127.0.0.1', ${port}, { kind = 'dns' })
modules.unload('priming')
modules.unload('ta_update')
modules.unload('ta_signal_query')
cache.open(10 * MB, 'lmdb://${folder}')
${recipe}
policy.add(policy.all(policy.STUB('127.0.0.1@9')))
`,
  },
  "pdns-recursor": {
    command: "pdns_recursor",
    args: (_, folder) => [`--config-dir=${folder}`],
    configuration: (recipe, port, folder) => `local-address=127.0.0.1
local-port=${port}
socket-dir=${folder}
daemon=no
hint-file=no
security-poll-suffix=
forward-zones-recurse=.=127.0.0.1:9
${recipe}`,
  },
  dnsdist: {
    command: "dnsdist",
    args: (file) => ["--supervised", "-C", file],
    configuration: (recipe, port) => `setLocal('127.0.0.1:${port}')
setSecurityPollSuffix('')
${recipe}`,
  },
  smartdns: {
    command: "smartdns",
    args: (file) => ["-f", "-c", file, "-p", "-"],
    configuration: (recipe, port, folder) => `bind 127.0.0.1:${port}
log-file ${folder}/log
server 127.0.0.1:9
${recipe}`,
  },
} satisfies Readonly<Record<string, Forwarder>>;

/** What a program calls its own configuration, where it does not take a path. */
const FILE_NAME = "recursor.conf";

/** The agent's address in a recipe, and the sign between its halves: `127.0.0.1@8653`. */
const AGENT = /127\.0\.0\.1([@#:]| port )8653/;

/** The recipe as the page prints it, but for the agent's address. */
async function recipeFor(name: ForwarderName, agent: DnsAddress, page: Page): Promise<string> {
  const text = await readFile(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), "utf8");
  const recipe = new RegExp(`^\`\`\`\\n(?:#|--) ${name}\\n(.*?)^\`\`\`$`, "ms").exec(text)?.[1];
  if (recipe === undefined || !AGENT.test(recipe)) {
    throw new Error(`docs/${page} has no recipe for ${name}`);
  }
  return recipe.replace(AGENT, (_, sign: string) => `${agent.host}${sign}${agent.port}`);
}

/** Runs a forwarder by its recipe until the test ends. Resolves with where it listens, once `isReady` says yes. */
export async function startForwarder(
  t: TestContext,
  name: ForwarderName,
  agent: DnsAddress,
  isReady: (forwarder: DnsAddress) => Promise<boolean>,
  adapt: (recipe: string) => string = (recipe) => recipe,
  page: Page = "dns.md",
): Promise<DnsAddress> {
  const { command, args, configuration } = FORWARDERS[name];
  const folder = await mkdtemp(join(tmpdir(), "forwarder-"));
  t.after(() => rm(folder, { recursive: true }));
  const address = { host: "127.0.0.1", port: await freePort() };
  const file = join(folder, FILE_NAME);
  await writeFile(file, configuration(adapt(await recipeFor(name, agent, page)), address.port, folder));
  const peer = new PeerProcess(command, args(file, folder));
  t.after(() => peer.stop());
  await peer.ready(() => isReady(address));
  return address;
}
