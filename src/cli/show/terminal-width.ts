/** A sequence that colours, or one character. The only control character in a line begins such a sequence. */
const PIECES = /\p{Cc}\[[\d;]*m|./gsu;

/** A line as wide as the terminal at most: the rest would be wrapped into the first column. Colours end with it. */
export function cutToWidth(line: string, columns: number): string {
  const pieces = line.match(PIECES) ?? [];
  const isColour = (piece: string) => piece.startsWith("\u001B");
  if (pieces.filter((piece) => !isColour(piece)).length <= columns) {
    return line;
  }
  let left = columns - 1;
  const kept = pieces.filter((piece) => isColour(piece) || left-- > 0);
  const lastText = kept.findLastIndex((piece) => !isColour(piece));
  return [...kept.slice(0, lastText + 1), "…", ...kept.slice(lastText + 1)].join("");
}
