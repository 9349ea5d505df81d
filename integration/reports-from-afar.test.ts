/** Reports of failures from other machines, in a network of its own where their addresses are this machine's. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test("are taken with the token, and without a configured token from nobody", async () => {
  const script = 'PATH="$PATH:/usr/sbin:/sbin"; ip addr add 192.0.2.0/24 dev lo && exec "$@"';
  const { stdout } = await run(here("../scripts/own-network"), [
    ...["sh", "-c", script, "sh", process.execPath, here("support/report-drill.ts")],
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    open: [
      [403, "token-refused"],
      [403, "token-refused"],
    ],
    protected: [
      [403, "token-refused"],
      [202, null],
    ],
  });
});
