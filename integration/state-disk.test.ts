/** A `data_dir` on a disk that is full or read-only: in a mount namespace of the agent's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../scripts/lab/until.ts";
import { type Options, RealAgent } from "../test/support/real-agent.ts";
import type { Scope } from "../test/support/scope.ts";

const SETTINGS = {
  data_dir: "/mnt/state",
  pools: { web: { heartbeat: "push", ping: "none", backups: null } },
};

/** Runs the agent where `/mnt` is a disk of 32 KiB that these commands have prepared. */
function onDisk(t: Scope, commands: string): Promise<RealAgent> {
  const mounted = `mount -t tmpfs -o size=32k,mode=0700 none /mnt && mkdir -m 0700 /mnt/state && ${commands}`;
  const options: Options = {
    config: SETTINGS,
    shell: `exec unshare --mount -- sh -c '${mounted} && exec "$@"' sh "$@"`,
  };
  return RealAgent.start(t, options);
}

function said({ lines }: RealAgent, part: string): readonly string[] {
  return lines.filter(({ msg }) => msg.includes(part)).map(({ level }) => level);
}

for (const [what, commands] of [
  ["full", "(cat /dev/zero > /mnt/state/other 2>/dev/null; true)"],
  ["read-only", "mount -o remount,ro /mnt"],
] as const) {
  test(`on a ${what} disk the agent starts, serves, and says once that it can't write`, async (t) => {
    const agent = await onDisk(t, commands);
    await agent.changeHeads(3);
    await until(() => said(agent, "the state file can't be written").length > 0);
    await agent.changeHeads(3);
    assert.deepEqual(said(agent, "the state file can't be written"), ["warn"]);
    assert.deepEqual(said(agent, "no lock can be written"), ["warn"]);
    const { code } = await agent.endAfter("SIGTERM");
    assert.equal(code, 0);
    assert.deepEqual(said(agent, "the state file can't be written"), ["warn"]);
  });
}
