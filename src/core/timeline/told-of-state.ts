/** What the timeline says of the state file. */
import { printable } from "../printable.ts";
import { told } from "./told-forms.ts";
import type { ToldOf } from "./told-of-config.ts";
import { milliseconds, spanOf } from "./words.ts";

type StateKind =
  | "state-restored"
  | "state-expired"
  | "state-refused"
  | "state-write-failed"
  | "state-write-recovered";

export const TOLD_OF_STATE: { readonly [Kind in StateKind]: ToldOf<Kind> } = {
  "state-restored": ({ ageMs, servers }) =>
    told(
      "state-restored",
      "warn",
      `${servers} servers come from the state file, as of ${spanOf(ageMs)} ago`,
      {
        servers,
        age_ms: milliseconds(ageMs),
      },
    ),
  "state-expired": ({ ageMs, servers }) =>
    told(
      "state-expired",
      "warn",
      `what the state file says of ${servers} servers is ${spanOf(ageMs)} old: not used`,
      { servers, age_ms: milliseconds(ageMs) },
    ),
  "state-refused": ({ file, keptAs, reason }) =>
    told("state-refused", "error", `${printable(file)} can't be used: ${printable(reason)}`, {
      file: printable(file),
      reason: printable(reason),
      kept_as: keptAs ?? null,
    }),
  "state-write-failed": ({ file, reason }) =>
    told("state-write-failed", "error", `${printable(file)} can't be written: ${printable(reason)}`, {
      file: printable(file),
      reason: printable(reason),
    }),
  "state-write-recovered": ({ failedMs, file }) =>
    told("state-write-recovered", "info", `${printable(file)} is written again`, {
      file: printable(file),
      lasted_ms: milliseconds(failedMs),
    }),
};
