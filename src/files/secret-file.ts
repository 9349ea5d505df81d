import { messageOf } from "../core/message-of.ts";
import type { Logger } from "../core/ports.ts";
import { readRegularFile } from "./regular-file.ts";
import { shownPath } from "./shown-path.ts";
import { LARGEST_TOKEN_FILE_BYTES, TokenError, tokenIn } from "./token-text.ts";

/**
 * A token in a file, read anew whenever it is needed, so that it can be replaced. The last good one stays while the
 * file is away, can't be read, is empty or holds what can't be a token, as in the middle of a rotation. Each such
 * problem is said once, and once when it is over.
 */
export class SecretFile {
  readonly #path: string;
  readonly #shown: string;
  readonly #key: string;
  readonly #logger: Logger | undefined;
  #last: string | undefined;
  #problem: string | undefined;

  /** `key`: of the configuration, such as `consul.token_file`; within its pool for the log of a pool. */
  constructor(path: string, key: string, logger?: Logger) {
    this.#path = path;
    this.#shown = shownPath(path);
    this.#key = key;
    this.#logger = logger;
  }

  /** Absent as long as there never was a good one. Never throws. */
  token(): string | undefined {
    const problem = this.#read();
    const said = this.#problem;
    this.#problem = problem;
    if (problem !== undefined) {
      const stays = this.#last === undefined ? "there is no token yet" : "the last token stays in use";
      const fields = { key: this.#key, file: this.#shown, problem };
      this.#logger?.[problem === said ? "debug" : "warn"](fields, `a token file can't be used: ${stays}`);
    } else if (said !== undefined) {
      this.#logger?.info({ key: this.#key, file: this.#shown }, "a token file can be used again");
    }
    return this.#last;
  }

  /** Why the file had no token at the last look, such as `can't be read: no such file`. */
  get problem(): string | undefined {
    return this.#problem;
  }

  #read(): string | undefined {
    try {
      const token = tokenIn(readRegularFile(this.#path, LARGEST_TOKEN_FILE_BYTES));
      this.#last = token === "" ? this.#last : token;
      return token === "" ? "is empty" : undefined;
    } catch (error) {
      const reason = messageOf(error);
      return error instanceof TokenError ? `can't be a token: ${reason}` : `can't be read: ${reason}`;
    }
  }
}
