/** What each exit code says; `docs/cli.md` has the table. */
export const EXIT = {
  done: 0,
  /** Wrong use, a mistake in the configuration, or a fault of our own. */
  wrong: 1,
  /** The agent answered, and the answer is no. */
  no: 2,
  unreachable: 3,
  /** The agent does not want us: token, host. */
  refused: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command: one line for people, a stable code for programs, and how the process exits. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: ExitCode;
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.code = code;
  }
}
