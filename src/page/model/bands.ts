/** What held from when to when, by the timeline: who was head, and how each source did. */
import { isGap, type LogItem } from "./event-log.ts";
import type { EventReply } from "./replies.ts";

/** Parts of a band: each is at least 24 pixels wide, which fills 400, and can be focused. */
const MOST_PARTS = 16;

export interface BandPart {
  /** In ms since 1970. */
  readonly from: number;
  readonly to: number;
  /** `undefined`: not known. */
  readonly value: string | undefined;
  /** Why it began; empty when that is not known. */
  readonly cause: string;
}

interface Step {
  readonly at: number;
  readonly value: string | undefined;
  readonly before: string | undefined;
  readonly cause: string;
}

/** The heads of a pool. `present`: the head now, as the list has it. */
export function headBand(
  items: readonly LogItem[],
  pool: string,
  span: { readonly from: number; readonly to: number },
  present: { readonly head: string | undefined; readonly since: number | undefined },
): readonly BandPart[] {
  const steps = eventsOf(items, pool, ["head-changed"]).map((event) => ({
    at: Date.parse(event.at),
    value: textOf(event["head"]),
    before: textOf(event["previous_head"]),
    cause: event.summary,
  }));
  const known = steps.some(({ at }) => present.since !== undefined && at >= present.since - 1_000);
  const now =
    present.since === undefined || known
      ? []
      : [{ at: present.since, value: present.head, before: undefined, cause: "" }];
  return partsOf([...steps, ...now], span);
}

/** How a source of a pool did. `present`: its state now. */
export function sourceBand(
  items: readonly LogItem[],
  pool: string,
  source: string,
  span: { readonly from: number; readonly to: number },
  present: string,
): readonly BandPart[] {
  const steps = eventsOf(items, pool, ["source-failed", "source-recovered"])
    .filter((event) => event["source"] === source)
    .map((event) => {
      const hasFailed = event.kind === "source-failed";
      return {
        at: Date.parse(event.at),
        value: hasFailed ? "failing" : "ok",
        before: hasFailed ? "ok" : "failing",
        cause: event.summary,
      };
    });
  return steps.length === 0 ? [{ ...span, value: present, cause: "" }] : partsOf(steps, span);
}

function eventsOf(items: readonly LogItem[], pool: string, kinds: readonly string[]): readonly EventReply[] {
  return items.filter(
    (item): item is EventReply => !isGap(item) && item.pool === pool && kinds.includes(item.kind),
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function partsOf(
  steps: readonly Step[],
  { from, to }: { readonly from: number; readonly to: number },
): readonly BandPart[] {
  const before = steps.findLast(({ at }) => at <= from);
  const within = steps.filter(({ at }) => at > from && at < to);
  const first: Step = {
    at: from,
    value: before === undefined ? within[0]?.before : before.value,
    before: undefined,
    cause: before?.cause ?? "",
  };
  const all = [first, ...within];
  const parts = all.map(({ at, cause, value }, index) => ({
    from: at,
    to: all[index + 1]?.at ?? to,
    value,
    cause,
  }));
  return merged(parts.filter((part) => part.to > part.from));
}

/** The oldest together as one part, when there are more than can be told apart. */
function merged(parts: readonly BandPart[]): readonly BandPart[] {
  const [first] = parts;
  const rest = parts.slice(-(MOST_PARTS - 1));
  const [kept] = rest;
  return first === undefined || kept === undefined || parts.length <= MOST_PARTS
    ? parts
    : [
        {
          from: first.from,
          to: kept.from,
          value: undefined,
          cause: `${parts.length - rest.length} changes, not shown one by one`,
        },
        ...rest,
      ];
}
