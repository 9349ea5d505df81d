import type { Logger } from "../../core/ports.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Action } from "./health-state.ts";

interface NotingPorts {
  readonly proxy: Pick<RpcProxy, "noteAddress" | "refreshAddresses">;
  readonly logger: Logger;
}

/** Of a server with several addresses one answered, or failed: only those that answer are given to others. */
export function noteAddress(
  { logger, proxy }: NotingPorts,
  { address, failure, server }: Extract<Action, { do: "note-address" }>,
): void {
  const { key } = server;
  if (failure === undefined) {
    const wasSilent = server.silent().some((silent) => silent.address === address);
    if (proxy.noteAddress(server, address, { answers: true }) && wasSilent) {
      logger.info({ server: key, address }, "an address of the server answers again");
    }
    return;
  }
  const { reason } = failure;
  if (proxy.noteAddress(server, address, { answers: false, reason })) {
    logger.warn(
      { server: key, address, reason },
      "an address of the server fails: not given while another answers",
    );
  }
  proxy.refreshAddresses(server);
}
