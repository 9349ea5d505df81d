import type { Report, RpcProxy } from "./rpc-proxy.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";

/**
 * Reports the head as failed while `reportOn` has something against it, but each server of the list once at most: with
 * something against all of them the order is as it was.
 */
export function rotateWhile(
  proxy: Pick<RpcProxy, "findServer" | "notifyFailedServer" | "numServers">,
  reportOn: (head: ServerEndpoint) => Report | undefined,
): void {
  for (let left = proxy.numServers(); left > 0; left--) {
    const head = proxy.findServer();
    const report = head === undefined ? undefined : reportOn(head);
    if (head === undefined || report === undefined || !proxy.notifyFailedServer(head, report)) {
      return;
    }
  }
}
