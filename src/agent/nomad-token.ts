import { messageOf } from "../core/message-of.ts";
import type { Clock, Logger } from "../core/ports.ts";
import { serverKey } from "../core/rpc-addr.ts";
import type { SourceWarning } from "../core/source-warning.ts";
import { SecretFile } from "../files/secret-file.ts";
import { tokenIn } from "../files/token-text.ts";
import { AgentError } from "./agent-error.ts";

export interface TokenConfig {
  /** Those that the configuration names. */
  readonly servers: readonly string[];
  /** Present: TLS proves every server. */
  readonly tls?: object | undefined;
  /** `always`: to every server. */
  readonly sendToken: "trusted" | "always";
  /** Absent: the environment has the token. */
  readonly tokenFile?: string | undefined;
}

interface TokenPorts {
  readonly clock: Clock;
  readonly logger: Logger;
}

const WITHHELD =
  "the Nomad token is withheld from a server that the pool's key servers does not name and TLS does not prove: the pool's key tls " +
  "would prove it, send_token: always would send the token in clear text to whoever registers as a server";

/**
 * Nomad's ACL token as it is at each call, of the file that a pool names or of the environment, and who gets it:
 * servers that the configuration names or TLS proves. Consul lets anybody register who may write a service, and
 * heartbeats name others.
 */
export class NomadToken {
  readonly #current: () => string | undefined;
  /** Absent: all get it. */
  readonly #named: ReadonlySet<string> | undefined;
  readonly #ports: TokenPorts;
  #saidWithheld = false;
  #withheldSince: number | undefined;

  /** @throws AgentError for a NOMAD_TOKEN that can't be one. */
  constructor({ servers, tls, sendToken, tokenFile }: TokenConfig, ports: TokenPorts) {
    this.#current = currentToken(tokenFile, ports.logger);
    this.#named = tls !== undefined || sendToken === "always" ? undefined : new Set(servers.map(serverKey));
    this.#ports = ports;
  }

  /** What to send to the server with this key, with calls that need a token. */
  for(server: string): string | undefined {
    const token = this.#current();
    if (token === undefined || this.#named === undefined || this.#named.has(server)) {
      this.#withheldSince = undefined;
      return token;
    }
    this.#withheldSince ??= this.#ports.clock.now();
    this.#ports.logger[this.#saidWithheld ? "debug" : "warn"]({ server }, WITHHELD);
    this.#saidWithheld = true;
    return undefined;
  }

  /** For as long as the server that was asked last gets none. */
  warnings(): readonly SourceWarning[] {
    return this.#withheldSince === undefined ? [] : [{ since: this.#withheldSince, message: WITHHELD }];
  }
}

function currentToken(path: string | undefined, logger: Logger): () => string | undefined {
  if (path !== undefined) {
    const file = new SecretFile(path, "token_file", logger);
    return () => file.token();
  }
  const token = environmentToken(process.env["NOMAD_TOKEN"] ?? "");
  return () => token;
}

/** An empty variable counts as absent. */
function environmentToken(text: string): string | undefined {
  try {
    return tokenIn(Buffer.from(text)) || undefined;
  } catch (error) {
    const reason = messageOf(error);
    throw new AgentError(`environment NOMAD_TOKEN: can't be a token: ${reason}`, { cause: error });
  }
}
