/** What the agent says of itself, as files of an archive. */
import { messageOf } from "../../core/message-of.ts";
import type { AgentAnswer, AgentClient } from "../client/agent-client.ts";
import { poolNames, poolPath } from "../client/pools.ts";
import { jsonOf } from "../client/refusal.ts";
import { CommandFailure } from "../command-failure.ts";
import { redactedMetrics, redactedText, redactedValue, withoutKnownSecret } from "./redaction.ts";
import type { ArchivedFile } from "./tar.ts";

type Kind = "json" | "ndjson" | "metrics" | "text";

interface Question {
  readonly file: string;
  readonly path: string;
  readonly kind: Kind;
  readonly query?: Readonly<Record<string, string>>;
  readonly takes?: readonly number[];
}

const ACCEPT: Readonly<Record<Kind, string>> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  metrics: "text/plain",
  text: "text/plain",
};

const OF_AGENT: readonly Question[] = [
  { file: "self.json", path: "/v1/agent/self", kind: "json" },
  { file: "status.json", path: "/v1/agent/status", kind: "json" },
  { file: "ready.json", path: "/v1/agent/ready", kind: "json", takes: [503] },
  { file: "pools.json", path: "/v1/pools", kind: "json" },
  { file: "events.ndjson", path: "/v1/events", kind: "ndjson", query: { follow: "false" } },
  { file: "history.json", path: "/v1/history", kind: "json" },
  { file: "metrics.txt", path: "/metrics", kind: "metrics" },
];

/** A pool's name has 15 letters, digits and hyphens; what is none must not become a path of its own. */
function ofPool(name: string): readonly Question[] {
  const shown = encodeURIComponent(name).slice(0, 63);
  return [
    { file: `pool-${shown}.json`, path: poolPath(name), kind: "json" },
    { file: `explain-${shown}.json`, path: `${poolPath(name)}/explain`, kind: "json" },
    { file: `explain-${shown}.txt`, path: `${poolPath(name)}/explain`, kind: "text" },
  ];
}

interface Collected {
  readonly files: readonly ArchivedFile[];
  /** One line for each thing that the agent did not tell. */
  readonly missing: readonly string[];
}

/** Asks for one thing after the other. @throws CommandFailure when the first question finds no agent. */
export async function collected(client: AgentClient): Promise<Collected> {
  const pools = await poolNames(client);
  const files: ArchivedFile[] = [];
  const missing: string[] = [];
  for (const { file, kind, path, query, takes } of [...OF_AGENT, ...pools.flatMap(ofPool)]) {
    const options = { accept: ACCEPT[kind], ...(query && { query }), ...(takes && { takes }) };
    const answer = await client.get(path, options).catch(ofFailure);
    if (typeof answer === "string") {
      missing.push(`${file}: ${withoutKnownSecret(answer, client.token)}`);
    } else {
      const text = withoutKnownSecret(redacted(answer, kind), client.token);
      files.push({ name: file, content: Buffer.from(text) });
    }
  }
  return { files, missing };
}

function ofFailure(error: unknown): string {
  if (error instanceof CommandFailure) {
    return messageOf(error);
  }
  throw error;
}

function redacted({ text }: AgentAnswer, kind: Kind): string {
  switch (kind) {
    case "json":
      return `${JSON.stringify(redactedValue(jsonOf(text)), null, 2)}\n`;
    case "ndjson":
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => `${JSON.stringify(redactedValue(jsonOf(line)))}\n`)
        .join("");
    case "metrics":
      return redactedMetrics(text);
    case "text":
      return redactedText(text);
  }
}
