/** The timeline: what is held, or a stream that resumes. */
import type { Kept } from "../../../core/timeline/timeline.ts";
import { ApiError } from "../api-error.ts";
import { EventStream, type StreamFormat } from "../event-stream.ts";
import { type HttpApi, poolOf } from "../http-api.ts";
import { type Call, type Route, route } from "../route.ts";

const SEVERITY_NAMES: readonly string[] = ["info", "warn", "error"];

/** Streams at the same time: each holds a connection, and what its reader has not read. */
const MOST_STREAMS = 32;

const ONE_POOL = {
  after: {
    kind: "text",
    description: "Index of the last event that was read, or `now`; 0: all that is held.",
  },
  kind: { kind: "text", isList: true, description: "Only events of this kind; any number of times." },
  min_severity: {
    kind: "text",
    choices: SEVERITY_NAMES,
    description: "Only events of this severity or above.",
  },
  follow: { kind: "boolean", description: "`false`: a stream ends after what is held." },
} as const;

const ALL = { ...ONE_POOL, pool: { kind: "text", description: "Only events of this pool." } } as const;

interface Wanted {
  readonly after?: string | undefined;
  readonly kind: readonly string[];
  readonly min_severity?: string | undefined;
  readonly follow?: boolean | undefined;
}

export function eventRoutes(api: HttpApi): readonly Route[] {
  const streams = { open: 0 };
  const summary =
    "What happened: an array, or a stream with `Accept: text/event-stream` or `application/x-ndjson`. Never a gap untold.";
  const answers = { 200: "The events." };
  return [
    route({
      method: "GET",
      path: "/v1/events",
      summary,
      query: ALL,
      answers,
      reply: "Events",
      refusals: ["bad-query", "unknown-pool", "too-many-waiters"],
      handle: (call) => answer(api, streams, call, call.query, call.query.pool),
    }),
    route({
      method: "GET",
      path: "/v1/pools/:pool/events",
      summary,
      query: ONE_POOL,
      answers,
      reply: "Events",
      refusals: ["bad-query", "unknown-pool", "too-many-waiters"],
      handle: (call) => answer(api, streams, call, call.query, call.params["pool"]),
    }),
  ];
}

async function answer(
  api: HttpApi,
  streams: { open: number },
  { reply, request }: Pick<Call<typeof ONE_POOL>, "reply" | "request">,
  wanted: Wanted,
  pool: string | undefined,
): Promise<unknown> {
  if (pool !== undefined) {
    poolOf(api, pool);
  }
  const { timeline } = api;
  const format = formatOf(request.headers.accept ?? "");
  const isWanted = filterOf(wanted, pool);
  const after = cursorOf(api, wanted.after, format, request.headers["last-event-id"]);
  void reply.headers(heldHeaders(api));
  if (format === "json") {
    const { events, gap } = timeline.after(after);
    const shown = events.filter(isWanted).map(({ event }) => event);
    return gap === undefined ? shown : [gap, ...shown];
  }
  if (streams.open >= MOST_STREAMS) {
    throw new ApiError("too-many-waiters", `${MOST_STREAMS} streams are open already: come again later`);
  }
  reply.hijack();
  const headers = Object.fromEntries(
    Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
  if (request.method === "HEAD") {
    reply.raw.writeHead(200, headers).end();
    return undefined;
  }
  streams.open += 1;
  const endReading = api.beginReading?.();
  const stream = new EventStream(reply.raw, { format, after, isWanted, follow: wanted.follow ?? true });
  await stream.run(timeline, api.clock, headers).finally(() => {
    streams.open -= 1;
    endReading?.();
  });
  return undefined;
}

function formatOf(accept: string): StreamFormat | "json" {
  if (accept.includes("text/event-stream")) {
    return "sse";
  }
  return accept.includes("application/x-ndjson") ? "ndjson" : "json";
}

function filterOf({ kind: kinds, min_severity: least }: Wanted, pool: string | undefined) {
  const lowest = least === undefined ? 0 : SEVERITY_NAMES.indexOf(least);
  return ({ event }: Kept): boolean =>
    (pool === undefined || event.pool === pool) &&
    (kinds.length === 0 || kinds.includes(event.kind)) &&
    SEVERITY_NAMES.indexOf(event.severity) >= lowest;
}

/** A browser that resumes says where; that wins over what its page first asked for. */
function cursorOf(
  { timeline }: HttpApi,
  after: string | undefined,
  format: StreamFormat | "json",
  lastEventId: string | string[] | undefined,
): number {
  const text =
    (format === "sse" ? lastEventId?.toString() : undefined) ?? after ?? (format === "sse" ? "now" : "0");
  if (text === "now") {
    return timeline.index;
  }
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new ApiError("bad-query", "query: after: expected the index of an event, 0 or now");
  }
  return Number(text);
}

/** How far back what is held reaches. */
function heldHeaders({ timeline }: HttpApi): Readonly<Record<string, string>> {
  const oldest = timeline.events()[0]?.event;
  return {
    "x-headwaiter-oldest-index": String(oldest?.index ?? timeline.index),
    "x-headwaiter-oldest-at": oldest?.at ?? "",
    "x-headwaiter-dropped": String(timeline.dropped),
  };
}
