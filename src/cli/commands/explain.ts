import { printable } from "../../core/printable.ts";
import type { AgentDocument } from "../client/agent-client.ts";
import { documentsOfPools, poolPath } from "../client/pools.ts";
import type { ClientCommand, ClientFlags, ClientRun } from "../client-run.ts";
import { EXIT } from "../command-failure.ts";
import { shown } from "../watch.ts";

export interface ExplainFlags extends ClientFlags {
  /** What-ifs, as `fails:10.0.0.1:4647`. */
  readonly if?: readonly string[];
}

/** Why each head is the head, in the agent's own words. */
export const runExplain: ClientCommand<ExplainFlags> = async (run) => {
  const { client, flags, output } = run;
  return await shown({
    client,
    output,
    pool: flags.pool,
    isWatch: flags.watch === true,
    read: () => documentsOfPools(client, flags.pool, (name) => explanation(run, name)),
    show: (documents) => {
      if (output.isJson) {
        output.document({ pools: documents.map(({ body }) => body) });
      } else {
        output.text(documents.map(({ text }) => shownText(text)).join("\n"));
      }
      return EXIT.done;
    },
  });
};

async function explanation(
  { client, flags, output }: ClientRun<ExplainFlags>,
  name: string,
): Promise<AgentDocument> {
  const path = `${poolPath(name)}/explain`;
  const query = { if: flags.if };
  return output.isJson
    ? await client.getDocument(path, { query })
    : { ...(await client.get(path, { query, accept: "text/plain" })), body: {} };
}

/** A line of what-ifs names every server. */
const LONGEST_LINE = 100_000;

/** The very text, whole lines; whatever might answer in the agent's place, it commands no terminal. */
function shownText(text: string): string {
  return text
    .replace(/\n?$/, "\n")
    .split("\n")
    .map((line) => printable(line, LONGEST_LINE))
    .join("\n");
}
