import { z } from "zod";
import { flag, mapping, positiveDurationMs } from "../values.ts";

export const health = z.strictObject(
  {
    interval: positiveDurationMs.prefault("500ms"),
    timeout: positiveDurationMs.prefault("500ms"),
    standby: flag.default(true),
  },
  mapping,
);
