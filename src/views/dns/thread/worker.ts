/** The answering thread: nothing the agent does on its main thread ever delays an answer. */
import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import { dropLoadingLeftovers } from "../../../loading-leftovers.ts";
import { Counters } from "../counters.ts";
import type {
  FromThread,
  ListenerChoice,
  Serve,
  ThreadSettings,
  ToThread,
  UdpListenerKind,
} from "../thread-messages.ts";
import { Batches } from "./batched/batches.ts";
import { loadSystemCalls, type SystemCalls } from "./batched/system-calls.ts";
import { Demand } from "./demand.ts";
import { Forwarder } from "./forwarder.ts";
import { Listeners } from "./listeners.ts";
import { Responder } from "./responder.ts";
import { WaitingRoom } from "./waiting-room.ts";

const main = parentPort;
if (main === null) {
  throw new Error("the DNS worker has to be started as a thread");
}
main.once("message", ({ settings }: Serve) => {
  void serve(main, settings);
});
// The main thread still loads, so neither delays an answer.
const calls = systemCalls();
dropLoadingLeftovers();

async function serve(main: MessagePort, settings: ThreadSettings): Promise<void> {
  const tell = (message: FromThread): void => {
    main.postMessage(message);
  };
  const counters = new Counters(settings.counterMemory);
  const demand = new Demand((pool) => {
    tell({ kind: "wanted", pool });
  });
  const forwarder = new Forwarder(counters);
  const responder = new Responder(counters, {
    demand,
    forwarder,
    uses: new Uint8Array(settings.uses),
    asked: (slot) => {
      tell({ kind: "asked", slot });
    },
  });
  const waitingRoom = new WaitingRoom(responder, counters, { places: settings.waitingPlaces });
  const catchUp = (): void => {
    for (let next = receiveMessageOnPort(main); next !== undefined; next = receiveMessageOnPort(main)) {
      hear(next.message as ToThread);
    }
  };
  const { batches, ...udp } = batchesFor(settings.listener, catchUp);
  const listeners = new Listeners(settings, responder, waitingRoom, counters, batches);

  const hear = (message: ToThread): void => {
    switch (message.kind) {
      case "table":
        responder.replace(message.table);
        waitingRoom.review();
        return;
      case "limit":
        listeners.limit(message.answersPerSecond);
        return;
      case "demand":
        demand.configure(message.settings);
        waitingRoom.review();
        return;
      case "decided":
        demand.decided(message.pool, message.verdict, message.holdMs, performance.now());
        waitingRoom.review();
        return;
      case "trim-memory":
        if (typeof calls !== "string") {
          calls.malloc_trim?.(0);
        }
        return;
      case "stop":
        demand.close();
        forwarder.close();
        waitingRoom.close();
        listeners.close();
        main.close();
        return;
    }
  };
  main.on("message", hear);

  demand.configure(settings.demand);
  responder.replace(settings.table);
  const outcome = await listeners.open();
  tell(
    "systemCode" in outcome
      ? { kind: "listen-failed", failure: outcome }
      : { kind: "listening", addresses: outcome, udp },
  );
}

/** In place of them, in words, why there are none. */
function systemCalls(): SystemCalls | string {
  try {
    return loadSystemCalls();
  } catch (error) {
    return (error as Error).message;
  }
}

/** What many messages a call take, where they are wanted and the system has the calls. */
function batchesFor(
  choice: ListenerChoice,
  catchUp: () => void,
): UdpListenerKind & { readonly batches?: Batches } {
  if (choice === "dns2") {
    return { kind: "dns2" };
  }
  return typeof calls === "string"
    ? { kind: "dns2", reason: calls }
    : { kind: "batched", batches: new Batches(calls, catchUp) };
}
