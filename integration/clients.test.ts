/** What docs/clients.md says of programs that keep an address, for those of them that are installed in a moment. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const RUN = fileURLToPath(new URL("../scripts/clients/run", import.meta.url));
const PATIENCE_S = 3;
const KEEPS = `not within ${PATIENCE_S} s`;

/** Client and what is looked at, by what happens when the first head comes, when it changes and when it dies. */
function rowsOf(table: string): ReadonlyMap<string, readonly string[]> {
  const rows = table.split("\n").slice(2).filter(Boolean);
  return new Map(
    rows.map((row) => {
      const [, client = "", looked = "", ...seen] = row.split("|").map((cell) => cell.trim());
      return [`${client}, ${looked}`, seen.slice(0, 3).map((cell) => (cell === KEEPS ? "keeps" : "follows"))];
    }),
  );
}

suite("clients whose resolver is the agent", () => {
  test("follow the head, but for those that keep a connection or ask once", async () => {
    const { stdout } = await promisify(execFile)(RUN, [`${PATIENCE_S}`, "glibc", "Node", "HAProxy"]);
    assert.deepEqual(Object.fromEntries(rowsOf(stdout)), {
      "glibc, a look-up: getaddrinfo": ["follows", "follows", "follows"],
      "Node, a look-up: dns.lookup": ["follows", "follows", "follows"],
      "Node, http.get": ["follows", "keeps", "follows"],
      "Node, http.get, agent: false": ["follows", "follows", "follows"],
      "Node, fetch": ["follows", "keeps", "follows"],
      "HAProxy, server NAME": ["keeps", "keeps", "keeps"],
      "HAProxy, server-template, resolvers": ["follows", "follows", "follows"],
    });
  });
});
