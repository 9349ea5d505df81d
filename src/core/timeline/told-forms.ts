/** Forms of what the timeline tells. */
import { printable } from "../printable.ts";
import { tenths } from "../time/spans.ts";
import type { Evidence, Why } from "../why.ts";
import type { Severity, Told } from "./timeline-event.ts";
import { milliseconds, spanOf } from "./words.ts";

export function told(kind: string, severity: Severity, summary: string, fields: Told["fields"]): Told {
  return { kind, severity, summary, fields };
}

/** Told anew with each doubling of its repeats. */
export function about(subject: string, said: Told): Told {
  return { ...said, subject };
}

export function downTold(
  role: "head" | "standby",
  server: string,
  { code, evidence, reason }: Why,
  summary: string,
): Told {
  const fields = {
    server,
    role,
    code: code ?? null,
    reason: printable(reason),
    evidence: evidence === undefined ? null : shownEvidence(evidence),
  };
  return {
    ...told("server-down", role === "head" ? "warn" : "info", summary, fields),
    subject: `${server} ${code ?? reason}`,
  };
}

function shownEvidence({ silentMs, usualMs, witness, witnessMs }: Evidence) {
  return {
    silent_ms: milliseconds(silentMs),
    usual_rtt_ms: usualMs === undefined ? null : tenths(usualMs),
    witness,
    witness_rtt_ms: tenths(witnessMs),
  };
}

export function upTold(server: string, downMs: number | undefined): Told {
  const after = downMs === undefined ? "" : ` after ${spanOf(downMs)}`;
  const fields = { server, down_ms: milliseconds(downMs) };
  return { ...told("server-up", "info", `${server} answers again${after}`, fields), subject: server };
}

export function sourceTold(
  kind: string,
  severity: Severity,
  source: string,
  summary: string,
  more: Told["fields"],
): Told {
  const code = typeof more["code"] === "string" ? more["code"] : "";
  return { ...told(kind, severity, summary, { source, ...more }), subject: `${source} ${code}` };
}

export function refusedTold(kind: string, summary: string): Told {
  return told(kind, "warn", summary, {});
}
