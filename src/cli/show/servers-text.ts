/** `headwaiter servers`: one pool's line, and a table of its servers. */
import { type JsonObject, numberAt, objectAt, objectsAt, textAt, timeAt } from "../client/reading.ts";
import { ageText, roundTripText } from "./durations.ts";
import type { Paint, Tone } from "./paint.ts";
import { type Cell, type Row, tableLines } from "./table.ts";

/** As lines. `now`: by the agent's clock. */
export function serversText(pool: JsonObject, now: number, paint: Paint): readonly string[] {
  const servers = objectsAt(pool, "servers");
  const headLine = [
    paint("strong", `POOL ${textAt(pool, "name") ?? "?"}`),
    stateText(pool, paint),
    pool["on_demand"] === true ? "on demand" : "",
    countsText(objectAt(pool, "counts")),
    leaderText(pool),
    ...sourceTexts(objectAt(pool, "sources"), now, paint),
  ];
  const head = textAt(objectAt(pool, "head"), "address");
  const rows: Row[] = [
    ["", { text: "#", alignsRight: true }, "SERVER", "TIER", "STATE", "RTT", "SOURCES"],
    ...servers.map((server) => serverRow(server, head, now)),
  ];
  return [
    headLine.filter((text) => text !== "").join("  "),
    ...(servers.length === 0 ? [] : tableLines(rows, paint, [1])),
    ...moreLines(pool),
  ];
}

const STATE_TONES: Readonly<Record<string, Tone>> = { live: "good", outage: "bad", empty: "bad" };

function stateText(pool: JsonObject, paint: Paint): string {
  const state = textAt(pool, "state") ?? "state unknown";
  return paint(STATE_TONES[state] ?? "warning", state);
}

function countsText(counts: JsonObject): string {
  const primaries = numberAt(counts, "primary") ?? 0;
  const backups = numberAt(counts, "backup") ?? 0;
  const texts = [
    ...(primaries === 0 ? [] : [counted(primaries, "primary", "primaries")]),
    ...(backups === 0 ? [] : [counted(backups, "backup", "backups")]),
  ];
  return texts.join(", ") || "no servers";
}

function counted(number: number, singular: string, plural: string): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

function leaderText(pool: JsonObject): string {
  const leader = textAt(pool, "leader");
  const contact = textAt(pool, "contact") ?? "held";
  return [
    ...(leader === undefined ? [] : [`leader ${leader}`]),
    ...(contact === "held" ? [] : [`contact ${contact}`]),
  ].join("  ");
}

/** As people write them. */
const SOURCE_NAMES: Readonly<Record<string, string>> = { consul: "Consul", push: "pushed heartbeat" };

/** Configured servers can't fail, and those of the state file show in the pool's state. */
const UNTOLD_SOURCES = ["static", "state_file"];

function sourceTexts(sources: JsonObject, now: number, paint: Paint): readonly string[] {
  return Object.keys(sources)
    .filter(
      (name) => !UNTOLD_SOURCES.includes(name) && textAt(objectAt(sources, name), "state") !== undefined,
    )
    .map((name) => `${SOURCE_NAMES[name] ?? name} ${sourceText(objectAt(sources, name), now, paint)}`);
}

function sourceText(source: JsonObject, now: number, paint: Paint): string {
  const state = textAt(source, "state");
  const lastSuccess = timeAt(source, "last_success_at");
  if (state === "ok") {
    return lastSuccess === undefined ? "ok" : `${ageText(now - lastSuccess)} ago`;
  }
  if (state === "waiting") {
    return "has not reported yet";
  }
  const since = timeAt(source, "since_at");
  const retry = timeAt(source, "next_at");
  const error = objectAt(source, "error");
  const details = [
    textAt(error, "code") ?? textAt(error, "text"),
    retry === undefined ? undefined : `retry in ${ageText(retry - now)}`,
  ].filter((detail) => detail !== undefined);
  return [
    paint("bad", "FAILING"),
    ...(since === undefined ? [] : [ageText(now - since)]),
    ...(details.length === 0 ? [] : [`(${details.join(", ")})`]),
  ].join(" ");
}

function serverRow(server: JsonObject, head: string | undefined, now: number): Row {
  const address = textAt(server, "address") ?? "?";
  const rtt = numberAt(objectAt(server, "watch"), "rtt_ms");
  const isHead = address === head;
  return [
    isHead ? ">" : "",
    { text: String(numberAt(server, "position") ?? ""), alignsRight: true },
    { text: address, tone: isHead ? "strong" : "plain" },
    textAt(server, "tier") ?? "",
    serverState(server, now),
    rtt === undefined ? "" : roundTripText(rtt),
    Object.keys(objectAt(server, "claims")).join(", "),
    penaltyText(server, now),
  ];
}

function serverState(server: JsonObject, now: number): Cell {
  const watch = objectAt(server, "watch");
  const phase = textAt(watch, "phase");
  const reason = textAt(objectAt(server, "down"), "reason");
  if (reason !== undefined || server["down"] === true || phase === "down") {
    return { text: reason === undefined ? "down" : `down: ${reason}`, tone: "bad" };
  }
  if (phase === undefined) {
    return { text: "not watched" };
  }
  const since = timeAt(watch, "since_at");
  const span = phase !== "up" || since === undefined ? phase : `up ${ageText(now - since)}`;
  const text = textAt(watch, "role") === "standby" ? `standby, ${span}` : span;
  return { text, tone: phase === "up" ? "good" : "warning" };
}

function penaltyText(server: JsonObject, now: number): string {
  const until = timeAt(objectAt(server, "penalty"), "until_at");
  return until === undefined || until <= now ? "" : `not chosen for ${ageText(until - now)}`;
}

function moreLines(pool: JsonObject): readonly string[] {
  const total = numberAt(pool, "servers_total") ?? 0;
  const shown = numberAt(pool, "servers_shown") ?? total;
  return total > shown ? [`   … the first ${shown} of ${total} servers`] : [];
}
