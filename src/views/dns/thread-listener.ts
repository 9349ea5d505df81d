/** What takes queries over UDP, as a thread says. */
import type { Logger } from "../../core/ports.ts";
import type { ThreadState } from "./answering-thread.ts";
import type { UdpListenerKind } from "./thread-messages.ts";

/** Undefined while the thread does not serve. */
export function listenerOf(state: ThreadState): UdpListenerKind | undefined {
  return state.kind === "serving" ? state.udp : undefined;
}

/** Says why queries over UDP are taken one by one where many a call were wanted. */
export function noteListener(listener: UdpListenerKind | undefined, logger: Logger): void {
  if (listener?.kind === "dns2" && listener.reason !== undefined) {
    const { reason } = listener;
    logger.info({ reason }, "queries over UDP are taken one by one: the calls that take many are missing");
  }
}
