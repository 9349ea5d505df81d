/** The answering thread: nothing the agent does on its main thread ever delays an answer. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { dropLoadingLeftovers } from "../../../loading-leftovers.ts";
import { Counters } from "../counters.ts";
import type { FromThread, Serve, ThreadSettings, ToThread } from "../thread-messages.ts";
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
// The main thread still loads, so this delays no answer.
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
  const responder = new Responder(counters, { demand, forwarder, uses: new Uint8Array(settings.uses) });
  const waitingRoom = new WaitingRoom(responder, counters, { places: settings.waitingPlaces });
  const listeners = new Listeners(settings, responder, waitingRoom, counters);

  main.on("message", (message: ToThread) => {
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
      case "stop":
        demand.close();
        forwarder.close();
        waitingRoom.close();
        listeners.close();
        main.close();
        return;
    }
  });

  demand.configure(settings.demand);
  responder.replace(settings.table);
  const outcome = await listeners.open();
  tell(
    "systemCode" in outcome
      ? { kind: "listen-failed", failure: outcome }
      : { kind: "listening", addresses: outcome },
  );
}
