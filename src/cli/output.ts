/** What a command writes to standard output: texts for people, or documents for programs, never both. */
import { type ColorChoice, type Paint, paintFor } from "./show/paint.ts";
import { cutToWidth } from "./show/terminal-width.ts";

/** To the upper left corner, and nothing below. */
const CLEAR = "\u001B[H\u001B[2J\u001B[3J";

export class Output {
  readonly isJson: boolean;
  readonly paint: Paint;
  readonly #isTerminal = process.stdout.isTTY;

  constructor(isJson: boolean, color: ColorChoice) {
    this.isJson = isJson;
    this.paint = paintFor(color, this.#isTerminal, process.env);
  }

  /** Lines of a table: on a terminal they are cut at its edge, elsewhere they are whole. */
  lines(lines: readonly string[]): void {
    const { columns } = process.stdout;
    const shown = this.#isTerminal && columns > 0 ? lines.map((line) => cutToWidth(line, columns)) : lines;
    process.stdout.write(shown.map((line) => `${line}\n`).join(""));
  }

  /** Texts as they are. */
  text(text: string): void {
    process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** One JSON document on one line. */
  document(document: unknown): void {
    this.text(JSON.stringify(document));
  }

  /** Before something is shown once more: a terminal is cleared, elsewhere an empty line parts the two. */
  again(): void {
    if (!this.isJson) {
      process.stdout.write(this.#isTerminal ? CLEAR : "\n");
    }
  }
}
