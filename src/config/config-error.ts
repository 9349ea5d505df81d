/** A mistake in the configuration: one line that says where, what, and what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** `where`: a file, a flag or an environment variable, with the path of the key inside it. */
  constructor(where: string, problem: string, options?: ErrorOptions) {
    super(`${where}: ${problem}`.replaceAll(/\s*\n\s*/g, " "), options);
  }
}
