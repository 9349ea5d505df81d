/** What schemas of replies are made of. */
import * as z from "zod";

export const time = z.iso.datetime({ precision: 3 }).describe("RFC 3339, UTC, milliseconds.");
export const timeOrNull = time.nullable();
export const count = z.int().nonnegative();
export const countOrNull = count.nullable();
export const text = z.string();
export const textOrNull = text.nullable();
export const texts = z.array(text);
export const code = z.string().describe("More codes may be added.");
