/** A process that does nothing but write the state file, with the agent's own writer's function, until it is killed. */
import { replaceFile } from "../../src/state/replace-file.ts";
import { statePath } from "../../src/state/state-directory.ts";
import { encodeState } from "../../src/state/state-format.ts";

const [directory = "", first = "0"] = process.argv.slice(2);

function list(count: number) {
  const servers = Array.from({ length: count }, (_, nth) => ({
    address: `10.0.${Math.floor(nth / 250)}.${nth % 250}:4647`,
    tier: "primary" as const,
    addresses: [`10.0.${Math.floor(nth / 250)}.${nth % 250}`],
  }));
  const saved_at = new Date().toISOString();
  return { saved_at, servers, head: servers[0]?.address ?? null, leader: "", num_nodes: count };
}

for (let nth = Number(first); ; nth += 1) {
  const body = {
    instance: "lab",
    saved_at: new Date().toISOString(),
    last_index: nth,
    config_hash: "lab",
    // Of another length each time: a file that was overwritten in place would have the end of the one before.
    pools: { web: list(1 + ((nth * 37) % 500)) },
    head_changes: [],
  };
  await replaceFile(statePath(directory), encodeState(body));
  if (nth === Number(first)) {
    process.stdout.write("written\n");
  }
}
