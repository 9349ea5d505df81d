import { printable } from "../../core/printable.ts";
import { type Listing, listsNothing } from "./listing.ts";

/** Something that Consul hides, or may hide, from the token, for as long as it does. */
export interface MissingRights {
  /** By `Clock.now`. */
  readonly since: number;
  /** One line: what is listed, how that differs from the last whole list, and which rules the token may lack. */
  readonly message: string;
}

/** What is known of the token's rights to read one service: an immutable value. */
export interface ReadRights {
  readonly missing: MissingRights | undefined;
  /** The usable addresses of the last answer of which Consul hid nothing; `undefined` before the first. */
  readonly whole: readonly string[] | undefined;
  /** When, by `Clock.now`, the log last warned that something is missing. */
  readonly warnedAt: number;
}

export const UNKNOWN_RIGHTS: ReadRights = {
  missing: undefined,
  whole: undefined,
  warnedAt: Number.NEGATIVE_INFINITY,
};

/** Consul servers that disagree about a token, asked in turn, would make a line with each answer. */
const TOLD_EVERY_MS = 60_000;

/**
 * The rights after an answer. Consul 1.11 and later say when they hid entries. Earlier ones never do: an empty first
 * answer to a query with a token may be such a case, until an instance is seen.
 */
export function afterListing(before: ReadRights, listing: Listing, nowMs: number): ReadRights {
  const message = messageFor(listing, before);
  if (message === undefined) {
    return { ...before, missing: undefined, whole: listing.usable };
  }
  const isNew = before.missing === undefined && mayBeTold(before, nowMs);
  return {
    missing: { since: before.missing?.since ?? nowMs, message },
    whole: before.whole,
    warnedAt: isNew ? nowMs : before.warnedAt,
  };
}

/** Whether people should be told of a beginning or an end: at most once a minute after a warning. */
export function mayBeTold({ warnedAt }: ReadRights, nowMs: number): boolean {
  return nowMs - warnedAt >= TOLD_EVERY_MS;
}

function messageFor(listing: Listing, { missing, whole }: ReadRights): string | undefined {
  if (listing.filteredByAcl) {
    const who = listing.withToken ? "the token" : "requests without a token";
    return `Consul hides instances from ${who}: ${listed(listing.usable, whole)}; ${LACKING}`;
  }
  const isFirst = whole === undefined;
  const maySoSay = listsNothing(listing) && listing.withToken && (isFirst || missing !== undefined);
  return maySoSay ? `Consul lists no instance; ${MAYBE_LACKING}` : undefined;
}

const RULES = "service:read for the service or node:read";
const LACKING = `what is missing is ${RULES}`;
const MAYBE_LACKING = `the token may lack ${RULES}`;

function listed(usable: readonly string[], whole: readonly string[] | undefined): string {
  const count = `it lists ${usable.length} usable`;
  if (whole === undefined || whole.length === 0) {
    return `${count}, and never listed all`;
  }
  const changes = [
    named("without", whole.filter(notIn(usable))),
    named("with the new", usable.filter(notIn(whole))),
  ].filter((text) => text !== undefined);
  const difference = changes.length === 0 ? "the same" : changes.join(", ");
  return `${count}, the last whole list had ${whole.length}: ${difference}`;
}

function notIn(addresses: readonly string[]): (address: string) => boolean {
  const known = new Set(addresses);
  return (address) => !known.has(address);
}

/** Addresses that are named; the others are counted. */
const NAMED = 5;

function named(what: string, addresses: readonly string[]): string | undefined {
  if (addresses.length === 0) {
    return undefined;
  }
  const first = addresses.slice(0, NAMED).map((address) => printable(address));
  const others = addresses.length - first.length;
  return `${what} ${first.join(" ")}${others === 0 ? "" : ` and ${others} more`}`;
}
