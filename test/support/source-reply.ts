import type { SourceReply } from "../../src/page/model/replies.ts";

/** A source as an agent shows it: all is well, and nothing more is known of it. */
export function source(known: Partial<SourceReply> = {}): SourceReply {
  return {
    state: "ok",
    since_at: null,
    attempt: null,
    last_success_at: null,
    next_at: null,
    server: null,
    datacenter: null,
    servers: null,
    index: null,
    empty_until_at: null,
    error: null,
    warnings: [],
    ...known,
  };
}
