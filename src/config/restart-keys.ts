/** What of a changed configuration waits for a restart. */
import { differingKeys } from "./difference.ts";
import type { Settings } from "./schema.ts";

/** What these keys name is opened at the start and held until the end. Any other key counts from a reload on. */
const RESTART_KEYS = [
  "data_dir",
  "dns.address",
  "dns.domain",
  "dns.listener",
  "dns.sockets",
  "http.address",
  "http.socket_mode",
] as const;

/** Whether a change of this key, such as `dns.address` or `http.address.port`, waits for a restart. */
export function needsRestart(key: string): boolean {
  return RESTART_KEYS.some((held) => key === held || key.startsWith(`${held}.`));
}

/** The wanted settings but for those that wait for a restart: they stay as they are. */
export function settingsUntilRestart(running: Settings, wanted: Settings): Settings {
  const { data_dir, dns, http } = running;
  return {
    ...wanted,
    data_dir,
    dns: { ...wanted.dns, ...dnsUntilRestart(dns) },
    http: { ...wanted.http, address: http.address, socket_mode: http.socket_mode },
  };
}

function dnsUntilRestart({ address, domain, listener, sockets }: Settings["dns"]) {
  return { address, domain, listener, sockets };
}

/** Of a configuration, what a reload can't change: the same for two that differ in nothing else. */
export function heldAtRestart({ data_dir, dns, http }: Settings): object {
  return {
    data_dir,
    dns: dnsUntilRestart(dns),
    http: { address: http.address, socket_mode: http.socket_mode },
  };
}

/** The keys of a change by when they count. */
export function changeOfSettings(running: Settings, wanted: Settings) {
  const keys = differingKeys(running, wanted);
  return {
    applied: keys.filter((key) => !needsRestart(key)),
    needsRestart: keys.filter(needsRestart),
  };
}
