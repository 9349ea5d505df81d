import { isUsersMistake } from "../agent/users-mistake.ts";
import { endAfterLastWords, sayLast } from "./process-end.ts";

/** Ends the program with 1 and one line, whoever reads it; a fault of our own keeps its stack trace. */
export function failWith(error: unknown): void {
  const mistake = isUsersMistake(error);
  const text = error instanceof Error ? (mistake ? error.message : error.stack) : String(error);
  sayLast(...(mistake ? [text ?? ""] : (text ?? "failed").split("\n")));
  endAfterLastWords(1);
}
