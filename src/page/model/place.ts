/** What the address of the page names after `#`: a link that can be shared. */

export interface PagePlace {
  readonly pool: string | undefined;
  readonly event: number | undefined;
}

/** `before`: where the page was; an event leaves the pool as it is. */
export function placeIn(hash: string, before: PagePlace): PagePlace {
  // The link that skips the banner goes nowhere else.
  if (hash === "#main") {
    return before;
  }
  const [, kind, what = ""] = /^#(pool|event)-(.+)$/.exec(hash) ?? [];
  if (kind === "event" && /^\d{1,16}$/.test(what)) {
    return { ...before, event: Number(what) };
  }
  return { pool: kind === "pool" ? decoded(what) : before.pool, event: undefined };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
