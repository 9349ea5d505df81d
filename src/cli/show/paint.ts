import { styleText } from "node:util";

/** What a colour says; texts say the same without it. */
export type Tone = "good" | "warning" | "bad" | "strong" | "plain";

/** Colours a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

export type ColorChoice = "auto" | "always" | "never";

const STYLES = { good: "green", warning: "yellow", bad: "red", strong: "bold" } as const;

const noPaint: Paint = (_tone, text) => text;

const ansiPaint: Paint = (tone, text) =>
  tone === "plain" || text === "" ? text : styleText(STYLES[tone], text, { validateStream: false });

/** `auto`: on a terminal, unless NO_COLOR or TERM=dumb says otherwise. */
export function paintFor(
  choice: ColorChoice,
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const isWanted = isTerminal && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  return choice === "always" || (choice === "auto" && isWanted) ? ansiPaint : noPaint;
}
