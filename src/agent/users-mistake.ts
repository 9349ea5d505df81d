import { ConfigError } from "../config/config-error.ts";
import { ConsulError } from "../net/consul/consul-error.ts";
import { DnsServerError } from "../views/dns/listen-error.ts";
import { HttpListenError } from "../views/http/http-listener.ts";
import { AgentError } from "./agent-error.ts";

const KINDS = [AgentError, ConfigError, ConsulError, DnsServerError, HttpListenError];

type UsersMistake = InstanceType<(typeof KINDS)[number]>;

/**
 * Whether the message says all there is to say: what, where and what was expected. Anything else is a fault of our own.
 */
export function isUsersMistake(error: unknown): error is UsersMistake {
  return KINDS.some((kind) => error instanceof kind);
}
