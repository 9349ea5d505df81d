import type { Logger } from "../../core/ports.ts";
import { SecretFile } from "../../files/secret-file.ts";
import { shownPath } from "../../files/shown-path.ts";
import { ConsulError } from "./consul-error.ts";

/** Where the token comes from; a file wins over a value. */
export interface TokenOptions {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly logger?: Logger | undefined;
}

/**
 * The token for each request. A file is read anew each time, so a rotated token is used from the next request on, at
 * the price of one small read per query.
 */
export class TokenSource {
  readonly #token: string | undefined;
  readonly #path: string | undefined;
  readonly #file: SecretFile | undefined;

  constructor({ token, tokenFile, logger }: TokenOptions) {
    this.#token = token;
    this.#path = tokenFile;
    this.#file = tokenFile === undefined ? undefined : new SecretFile(tokenFile, "consul.token_file", logger);
  }

  /** @throws ConsulError `token-file` when there is a file and no token was ever read from it. */
  current(): string | undefined {
    if (this.#file === undefined) {
      return this.#token;
    }
    const token = this.#file.token();
    if (token === undefined) {
      const problem = this.#file.problem ?? "";
      throw new ConsulError(
        "token-file",
        `token file ${JSON.stringify(shownPath(this.#path ?? ""))} ${problem}`,
      );
    }
    return token;
  }
}
