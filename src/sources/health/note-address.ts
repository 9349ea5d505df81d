import type { Note } from "../../core/journal-event.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Action } from "./health-state.ts";

interface NotingPorts {
  readonly proxy: Pick<RpcProxy, "noteAddress" | "refreshAddresses">;
  readonly note: Note;
}

/** Of a server with several addresses one answered, or failed: only those that answer are given to others. */
export function noteAddress(
  { note, proxy }: NotingPorts,
  { address, failure, server }: Extract<Action, { do: "note-address" }>,
): void {
  const { key } = server;
  if (failure === undefined) {
    const wasSilent = server.silent().some((silent) => silent.address === address);
    if (proxy.noteAddress(server, address, { answers: true }) && wasSilent) {
      note({ kind: "address-answered", server: key, address });
    }
    return;
  }
  const { reason } = failure;
  if (proxy.noteAddress(server, address, { answers: false, reason })) {
    note({ kind: "address-failed", server: key, address, reason });
  }
  proxy.refreshAddresses(server);
}
