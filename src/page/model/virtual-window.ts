/** Which rows of a long table are made, so that 10,000 cost what 30 do. */

/** Rows that are made above and below those that are seen: scrolling finds them there. */
const MARGIN = 12;

/** Shorter lists are made whole: search in the page, printing and screen readers then have all of it. */
const WHOLE_UP_TO = 100;

export interface RowWindow {
  /** The first row that is made, from 0, and the one after the last. */
  readonly first: number;
  readonly end: number;
}

interface Scroll {
  readonly total: number;
  readonly rowHeight: number;
  readonly top: number;
  readonly height: number;
}

export function rowsSeen({ height, rowHeight, top, total }: Scroll): RowWindow {
  if (total <= WHOLE_UP_TO) {
    return { first: 0, end: total };
  }
  const first = Math.floor(Math.max(0, top) / rowHeight) - MARGIN;
  const end = Math.ceil((Math.max(0, top) + height) / rowHeight) + MARGIN;
  return { first: clamp(first, total - 1), end: clamp(end, total) };
}

function clamp(row: number, most: number): number {
  return Math.min(Math.max(0, row), most);
}

/** Rows that are read at a time. */
const PAGE_ROWS = 128;

/** What to read so that all of these rows are known: whole pages, so that small scrolls read nothing. */
export function pagesOf({ end, first }: RowWindow): { readonly offset: number; readonly limit: number } {
  const offset = Math.floor(first / PAGE_ROWS) * PAGE_ROWS;
  const pages = Math.max(1, Math.ceil((end - offset) / PAGE_ROWS));
  return { offset, limit: pages * PAGE_ROWS };
}
