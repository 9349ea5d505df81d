import type { PushedHeartbeat } from "../../core/heartbeat.ts";
import type { Clock } from "../../core/ports.ts";
import type { Observe } from "../../core/routine.ts";
import type { EndpointError } from "../../core/rpc-addr.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Runnable } from "../../core/running.ts";
import { type Contact, ContactWatch, type KnownContact } from "./contact.ts";

interface PushPorts {
  readonly proxy: Pick<RpcProxy, "refreshServerLists" | "numNodes">;
  readonly clock: Clock;
  /** Contact was lost, or is there again. */
  readonly contactChanged: (contact: Contact) => void;
  /** What is known of contact before the first heartbeat. */
  readonly contact?: KnownContact;
  /** Called each time a heartbeat has been taken. */
  readonly reported?: () => void;
  /** Hears of each heartbeat that was taken. */
  readonly observe?: Observe | undefined;
}

/** Takes pushed heartbeats into the list. The first may take any time to come. */
export class PushedHeartbeats implements Runnable {
  readonly #ports: PushPorts;
  readonly #contact: ContactWatch;
  #takenAt: number | undefined;

  constructor(ports: PushPorts) {
    this.#ports = ports;
    this.#contact = new ContactWatch(ports.clock, ports.contactChanged, ports.contact);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#contact.run(signal);
  }

  /** When the last one was taken, by `Clock.now`. */
  status(): { readonly lastSuccessAt: number | undefined } {
    return { lastSuccessAt: this.#takenAt };
  }

  /** When contact is lost without another one, by `Clock.now`. Nobody knows when that comes. */
  due(): { readonly nextAt: undefined; readonly contactLostAt: number | undefined } {
    return { nextAt: undefined, contactLostAt: this.#contact.lostAt };
  }

  /** @returns the addresses that could not be used; the others were applied. */
  async take(heartbeat: PushedHeartbeat): Promise<readonly EndpointError[]> {
    const { observe, proxy, reported } = this.#ports;
    const { leaderRpcAddr, numNodes = proxy.numNodes(), servers, ttlMs } = heartbeat;
    const rejected = await proxy.refreshServerLists(servers, numNodes, leaderRpcAddr, { source: "push" });
    this.#takenAt = this.#ports.clock.now();
    this.#contact.heard(ttlMs, leaderRpcAddr !== "");
    reported?.();
    observe?.({ kind: "heartbeat-pushed" });
    return rejected;
  }
}
