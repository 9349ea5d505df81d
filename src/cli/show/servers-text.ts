/** `headwaiter servers`: one pool's line, and a table of its servers. */
import {
  countsInWords,
  penaltyInWords,
  serverStateInWords,
  sourceInWords,
  sourceStateInWords,
  toneOfState,
} from "../../core/list-words.ts";
import { roundTripText } from "../../core/time/spans.ts";
import { type JsonObject, numberAt, objectAt, objectsAt, textAt, timeAt } from "../client/reading.ts";
import type { Paint } from "./paint.ts";
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

function stateText(pool: JsonObject, paint: Paint): string {
  const state = textAt(pool, "state") ?? "state unknown";
  return paint(toneOfState(state), state);
}

function countsText(counts: JsonObject): string {
  return countsInWords(numberAt(counts, "primary") ?? 0, numberAt(counts, "backup") ?? 0);
}

function leaderText(pool: JsonObject): string {
  const leader = textAt(pool, "leader");
  const contact = textAt(pool, "contact") ?? "held";
  return [
    ...(leader === undefined ? [] : [`leader ${leader}`]),
    ...(contact === "held" ? [] : [`contact ${contact}`]),
  ].join("  ");
}

/** Configured servers can't fail, and those of the state file show in the pool's state. */
const UNTOLD_SOURCES = ["static", "state_file"];

function sourceTexts(sources: JsonObject, now: number, paint: Paint): readonly string[] {
  return Object.keys(sources)
    .filter(
      (name) => !UNTOLD_SOURCES.includes(name) && textAt(objectAt(sources, name), "state") !== undefined,
    )
    .map((name) => `${sourceInWords(name)} ${sourceText(objectAt(sources, name), now, paint)}`);
}

function sourceText(source: JsonObject, now: number, paint: Paint): string {
  const error = objectAt(source, "error");
  const facts = {
    state: textAt(source, "state") ?? "",
    lastSuccess: timeAt(source, "last_success_at"),
    since: timeAt(source, "since_at"),
    retry: timeAt(source, "next_at"),
    error: textAt(error, "code") ?? textAt(error, "text"),
  };
  const { rest, word } = sourceStateInWords(facts, now);
  return [...(word === undefined ? [] : [paint("bad", word)]), ...(rest === "" ? [] : [rest])].join(" ");
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
  const facts = {
    isDown: server["down"] === true,
    reason: textAt(objectAt(server, "down"), "reason"),
    phase: textAt(watch, "phase"),
    role: textAt(watch, "role"),
    since: timeAt(watch, "since_at"),
  };
  return serverStateInWords(facts, now);
}

function penaltyText(server: JsonObject, now: number): string {
  return penaltyInWords(timeAt(objectAt(server, "penalty"), "until_at"), now);
}

function moreLines(pool: JsonObject): readonly string[] {
  const total = numberAt(pool, "servers_total") ?? 0;
  const shown = numberAt(pool, "servers_shown") ?? total;
  return total > shown ? [`   … the first ${shown} of ${total} servers`] : [];
}
