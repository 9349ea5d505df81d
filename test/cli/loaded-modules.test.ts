/** What commands load: one that merely asks an agent takes neither the agent's memory nor its start. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { programEnd } from "../support/program-run.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

/** Runs before the program: says at its end, on standard error, what was loaded. */
const LISTING = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  process.on("exit", () => process.stderr.write(loaded.join("\\n") + "\\n"));`;

/** The last two parts of the path of each file, and the packages, that running this loads. */
async function loadedBy(t: TestContext, ...args: string[]) {
  const api = await ScriptedAgentApi.start(t);
  const environment = {
    HEADWAITER_HTTP_ADDR: api.url,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(LISTING)}`,
  };
  const { code, stderr } = await programEnd(t, args, { environment });
  const urls = stderr.split("\n");
  const packages = urls.flatMap((url) => /node_modules\/([^/]+)\//.exec(url)?.[1] ?? []);
  const files = urls.flatMap((url) => /\/src\/(.*)$/.exec(url)?.[1] ?? []);
  assert.ok(files.includes("cli/program.ts"), `the hook lists modules: ${stderr}`);
  return { code, files, packages: [...new Set(packages)].toSorted() };
}

const ROOMS_OF_THE_AGENT = /^(agent\/(?!version)|sources|views|net|dev|log)/;

suite("a client loads commander, ipaddr.js where it reads an address, and nothing of the agent", () => {
  const rows: [string[], string[]][] = [
    [["version"], ["commander"]],
    [["--help"], ["commander"]],
    [["completion", "bash"], ["commander"]],
    [["completion", "pools"], ["commander"]],
    [["status"], ["commander"]],
    [["servers"], ["commander"]],
    [["explain"], ["commander"]],
    [["events"], ["commander"]],
    [
      ["wait", "--ready"],
      ["commander", "ipaddr.js"],
    ],
    [
      ["failed", "10.0.0.1:4647"],
      ["commander", "ipaddr.js"],
    ],
    [["debug", "-o", "/dev/null/x"], ["commander"]],
    [["status", "--pool", "unknown"], ["commander"]],
    [["status", "--address", "nonsense://"], ["commander"]],
  ];
  for (const [args, expected] of rows) {
    test(args.join(" "), async (t) => {
      const { files, packages } = await loadedBy(t, ...args);
      assert.deepEqual(packages, expected);
      assert.deepEqual(
        files.filter((file) => ROOMS_OF_THE_AGENT.test(file)),
        [],
      );
    });
  }

  test("validate loads what reads a configuration, and no more", async (t) => {
    const { code, files, packages } = await loadedBy(t, "validate", "--against-running");
    assert.equal(code, 2);
    assert.deepEqual(packages, ["commander", "ipaddr.js", "zod"]);
    // How Consul's address is written, and how files for Nomad's TLS are read.
    const rooms = files.filter((file) => ROOMS_OF_THE_AGENT.test(file) && !file.startsWith("net/consul/"));
    assert.deepEqual(rooms.toSorted(), ["agent/agent-error.ts", "agent/nomad-tls.ts"]);
  });
});
