import assert from "node:assert/strict";
import { Counters } from "../../../src/views/dns/counters.ts";
import { ZoneEncoder } from "../../../src/views/dns/table/zone-encoder.ts";
import { Responder, type Way } from "../../../src/views/dns/thread/responder.ts";
import { WaitingRoom, type WaitingRoomLimits } from "../../../src/views/dns/thread/waiting-room.ts";
import type { ZonePool, ZoneSettings } from "../../../src/views/dns/zone/zone.ts";

export const SETTINGS: ZoneSettings = {
  domain: "headwaiter.internal",
  ttlSeconds: 0,
  negativeTtlSeconds: 1,
  nameServerAddresses: ["127.0.0.1"],
};

/** The reply to a question that does not wait. */
export function replyOf(responder: Responder, message: Uint8Array, way: Way): Buffer | undefined {
  const reply = responder.respond(message, way);
  assert.notEqual(typeof reply, "string", "the question waits");
  return typeof reply === "string" ? undefined : reply;
}

export interface Responding {
  readonly responder: Responder;
  readonly counters: Counters;
  readonly waitingRoom: WaitingRoom;
  /** As a new table does in a thread. */
  update(pools: Pools): void;
}

type Pools = Readonly<Record<string, ZonePool>>;

/** A responder without sockets, with the table that a server would have. */
export function respondingFor(
  pools: Pools,
  settings: ZoneSettings = SETTINGS,
  limits: Partial<WaitingRoomLimits> = {},
): Responding {
  const counters = new Counters();
  const responder = new Responder(counters);
  const waitingRoom = new WaitingRoom(responder, counters, limits);
  const encoder = new ZoneEncoder(settings);
  const update = (next: Pools): void => {
    responder.replace(encoder.encode(new Map(Object.entries(next))));
    waitingRoom.review();
  };
  update(pools);
  return { responder, counters, waitingRoom, update };
}
