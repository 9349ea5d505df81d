/** The log; what is written is what it takes. */
import * as z from "zod";
import { mapping } from "../values.ts";

export const logSettings = z
  .strictObject(
    {
      level: z
        .enum(["debug", "info", "warn", "error"], { error: "expected debug, info, warn or error" })
        .default("info")
        .meta({
          description: "Lines of this level and of more severe ones are written.",
          value: "`debug`, `info`, `warn` or `error`",
          taken: ["debug"],
          refused: "trace",
        }),
      format: z
        .enum(["json", "text"], { error: "expected json or text" })
        .default("json")
        .meta({
          description: "`json` makes each line a JSON object, `text` writes it as Consul and Nomad do.",
          value: "`json` or `text`",
          taken: ["text"],
          refused: "logfmt",
        }),
    },
    mapping,
  )
  .meta({ description: "The log, on standard output." });
