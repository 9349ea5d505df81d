import { CommandFailure, EXIT } from "../command-failure.ts";

/** Where an agent is asked. */
export interface AgentAddress {
  /** For people. */
  readonly shown: string;
  /** As `node:http` takes it. */
  readonly target:
    | { readonly host: string; readonly port: number }
    | { readonly socketPath: string; readonly host: "localhost" };
}

export const DEFAULT_ADDRESS = "http://127.0.0.1:8654";

const HTTP_PORT = 80;

/**
 * Parses `http://host:port`, `host:port` or `unix:///path`. An error does not show what it can't parse: it may hold
 * credentials. `origin`: the flag or variable that says it.
 * @throws CommandFailure
 */
export function parseAgentAddress(text: string, origin: string): AgentAddress {
  const [, socketPath] = /^unix:\/\/(\/.+)$/s.exec(text) ?? [];
  if (socketPath !== undefined) {
    return { shown: `unix://${socketPath}`, target: { socketPath, host: "localhost" } };
  }
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || url.protocol !== "http:" || url.href !== `http://${url.host}/`) {
    const expectation = "expected http://host:port or unix:///path, without credentials, path or query";
    throw new CommandFailure(EXIT.wrong, "bad-use", `${origin}: ${expectation}`);
  }
  return {
    shown: url.origin,
    target: {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? HTTP_PORT : Number(url.port),
    },
  };
}
