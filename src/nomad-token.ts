import { AgentError } from "./agent-error.ts";
import type { Logger } from "./core/ports.ts";
import { SecretFile } from "./files/secret-file.ts";
import { tokenIn } from "./files/token-text.ts";

/**
 * Nomad's ACL token as it is at each call: of the file that a pool names, or the one of the environment.
 * @throws AgentError for a NOMAD_TOKEN that can't be one.
 */
export function nomadToken(path: string | null, logger: Logger): () => string | undefined {
  if (path !== null) {
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new AgentError(`environment NOMAD_TOKEN: can't be a token: ${reason}`, { cause: error });
  }
}
