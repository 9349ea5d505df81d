import type { Config } from "../config/schema.ts";
import { SecretFile } from "../files/secret-file.ts";
import { shownPath } from "../files/shown-path.ts";
import { AgentError } from "./agent-error.ts";

/**
 * A token file that another configuration names for the first time has to hold a token. One that it had before may be
 * away for a moment: its last token stays in use.
 * @throws AgentError that names the key and the file.
 */
export function requireNewTokens(before: Config, after: Config): void {
  const known = new Map(tokenFilesOf(before));
  for (const [key, path] of tokenFilesOf(after)) {
    if (known.get(key) !== path) {
      const file = new SecretFile(path, key);
      file.token();
      if (file.problem !== undefined) {
        throw new AgentError(`${key}: ${shownPath(path)}: expected a file with a token: it ${file.problem}`);
      }
    }
  }
}

/** By the keys of the configuration. */
function tokenFilesOf({ consul, http, pools }: Config): readonly (readonly [key: string, path: string])[] {
  const all: readonly (readonly [string, string | undefined])[] = [
    ["consul.token_file", consul.tokenFile],
    ["http.token_file", http.tokenFile],
    ...Object.entries(pools).map(([name, { tokenFile }]) => [`pools.${name}.token_file`, tokenFile] as const),
  ];
  return all.flatMap(([key, path]) => (path === undefined ? [] : [[key, path] as const]));
}
