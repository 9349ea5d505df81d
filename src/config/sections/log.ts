/** The log; what is written is what it takes. */
import { z } from "zod";
import { mapping } from "../values.ts";

export const logSettings = z.strictObject(
  {
    level: z
      .enum(["debug", "info", "warn", "error"], { error: "expected debug, info, warn or error" })
      .default("info"),
    format: z.enum(["json", "text"], { error: "expected json or text" }).default("json"),
  },
  mapping,
);
