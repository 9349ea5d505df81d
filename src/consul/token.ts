import { readRegularFile } from "../files/regular-file.ts";
import { ConsulError } from "./consul-error.ts";

/** Where the token comes from; a file wins over a value. */
export interface TokenOptions {
  readonly token?: string;
  readonly tokenFile?: string;
}

/**
 * The token for each request. A file is read anew each time, so a rotated token is used from the next request on, at the
 * price of one small read per query. A file that is gone or empty, as in the middle of a rotation, leaves the last token.
 */
export class TokenSource {
  readonly #options: TokenOptions;
  #last: string | undefined;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** @throws ConsulError `token-file` when there is a file and no token was ever read from it. */
  current(): string | undefined {
    const { token, tokenFile } = this.#options;
    if (tokenFile === undefined) {
      return token;
    }
    const { text, error } = read(tokenFile);
    if (text !== "") {
      this.#last = text;
    }
    if (this.#last === undefined) {
      const problem = error === undefined ? "is empty" : `can't be read: ${error.message}`;
      throw new ConsulError("token-file", `token file ${JSON.stringify(tokenFile)} ${problem}`, {
        cause: error,
      });
    }
    return this.#last;
  }
}

function read(path: string): { text: string; error?: Error } {
  try {
    return { text: readRegularFile(path).toString().trim() };
  } catch (error) {
    return { text: "", error: error as Error };
  }
}
