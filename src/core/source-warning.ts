/** What is not as it should be, and since when by `Clock.now`. */
export interface SourceWarning {
  readonly since: number;
  /** One line. */
  readonly message: string;
}
