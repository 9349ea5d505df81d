/** What tells of a pool's servers, apart from what is only remembered. */
import type { PoolReply, SourceReply } from "./replies.ts";
import { timeOf } from "./times.ts";

/** Without what the state file remembers, which is no source that could report. */
export function sourcesOf(sources: PoolReply["sources"]): readonly (readonly [string, SourceReply])[] {
  return Object.entries(sources).flatMap(([name, source]) =>
    source !== null && "state" in source ? [[name, source] as const] : [],
  );
}

/** What the state file vouches for; `undefined`: nothing. */
export function rememberedIn({ sources }: Pick<PoolReply, "sources">) {
  const { state_file: file } = sources;
  return file != null && "saved_at" in file ? file : undefined;
}

/** As the words take them. */
export function factsOf({ error, last_success_at, next_at, since_at, state }: SourceReply) {
  return {
    state,
    lastSuccess: timeOf(last_success_at),
    since: timeOf(since_at),
    retry: timeOf(next_at),
    error: error?.code ?? error?.text,
  };
}
