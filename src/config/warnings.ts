/** What a valid configuration risks, said once at the start: one line each. */
import { parseConsulAddress } from "../net/consul/consul-address.ts";
import type { Config } from "./schema.ts";

export function warningsOf({ consul, pools }: Config): readonly string[] {
  const address = parseConsulAddress(consul.address);
  const hasToken = consul.token !== undefined || consul.tokenFile !== undefined;
  return [
    ...(address.kind === "http" && hasToken && !isLoopback(address.host)
      ? ["consul: the token goes to another machine in clear text: consul.ssl, or an https address, hides it"]
      : []),
    ...(address.kind === "https" && !consul.verify
      ? ["consul: its certificate is not verified: whoever answers at its address gets the token"]
      : []),
    ...Object.entries(pools)
      .filter(
        ([, { heartbeat, sendToken, tls }]) =>
          heartbeat === "nomad" && sendToken === "always" && tls === undefined,
      )
      .map(
        ([name]) =>
          `pools.${name}: send_token: always gives the Nomad token in clear text to whoever is a server`,
      ),
  ];
}

function isLoopback(host: string): boolean {
  return /^(127(\.\d+){3}|::1|(.*\.)?localhost\.?)$/i.test(host);
}
