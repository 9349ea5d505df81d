/** Tables without borders: two spaces between columns; the last one is as long as it is. */
import type { Paint, Tone } from "./paint.ts";

/** Printable text; widths count its characters. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  /** Numbers end where others end. */
  readonly alignsRight?: boolean;
}

export type Row = readonly (string | Cell)[];

/** The lines of rows that may have different numbers of cells. `leastWidths`: of the first columns. */
export function tableLines(
  rows: readonly Row[],
  paint: Paint,
  leastWidths: readonly number[] = [],
): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === "string" ? { text: cell } : cell)));
  const widths: number[] = [...leastWidths];
  for (const row of cells) {
    for (const [column, { text }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    }
  }
  return cells.map((row) => lineOf(row, widths, paint));
}

function lineOf(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const last = row.findLastIndex(({ text }) => text !== "");
  return row
    .slice(0, last + 1)
    .map(({ alignsRight, text, tone = "plain" }, column) => {
      const space = " ".repeat((widths[column] ?? 0) - text.length);
      const painted = paint(tone, text);
      return alignsRight ? space + painted : column === last ? painted : painted + space;
    })
    .join("  ");
}
