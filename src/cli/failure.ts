import { AgentError } from "../agent/agent-error.ts";
import { ConfigError } from "../config/config-error.ts";
import { ConsulError } from "../net/consul/consul-error.ts";
import { DnsServerError } from "../views/dns/listen-error.ts";
import { HttpListenError } from "../views/http/http-server.ts";
import { endAfterLastWords, sayLast } from "./process-end.ts";

const USERS_MISTAKES = [AgentError, ConfigError, ConsulError, DnsServerError, HttpListenError];

/** Ends the program with 1 and one line, whoever reads it; a fault of our own keeps its stack trace. */
export function failWith(error: unknown): void {
  const mistake = USERS_MISTAKES.some((kind) => error instanceof kind);
  const text = error instanceof Error ? (mistake ? error.message : error.stack) : String(error);
  sayLast(...(mistake ? [text ?? ""] : (text ?? "failed").split("\n")));
  endAfterLastWords(1);
}
