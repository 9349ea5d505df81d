import { messageOf } from "../../core/message-of.ts";

/**
 * `no-such-name` and `no-address` are answers about the name; the others say that nobody could answer, or why the
 * question was not asked.
 */
export type ResolveErrorCode =
  | "no-such-name"
  | "no-address"
  | "timeout"
  | "unreachable"
  | "refused"
  | "server-failure"
  | "malformed-answer"
  | "alias-loop"
  | "aborted"
  | "name-invalid"
  | "nameserver-invalid"
  | "file-unreadable";

/**
 * Why a name has no addresses now. `code` is stable; `message` is one line; `cause` is the system's error, if there was
 * one.
 */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
  readonly code: ResolveErrorCode;

  constructor(code: ResolveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Any error as one of ours; a foreign one keeps its text and becomes the cause. */
  static from(error: unknown, code: ResolveErrorCode): ResolveError {
    if (error instanceof ResolveError) {
      return error;
    }
    return new ResolveError(code, messageOf(error), { cause: error });
  }

  /** The same error in a longer sentence. */
  because(message: string): ResolveError {
    return new ResolveError(this.code, message, { cause: this.cause ?? this });
  }

  /** True for an answer about the name: asking another nameserver would not change it. */
  get isAboutTheName(): boolean {
    return this.code === "no-such-name" || this.code === "no-address";
  }
}
