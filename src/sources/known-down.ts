/** What was found of one server that is down. */
interface Finding {
  /** By `Clock.now`. */
  readonly foundAt: number;
  /** It takes connections and closes them at once: that it opens, or answers once, proves nothing. */
  readonly closesAtOnce: boolean;
  /** From an earlier pass through the list: worth another try. */
  readonly isOld: boolean;
}

/**
 * The servers that were found down and have not answered since. A finding grows old when a head answers: then the server may
 * be tried again, but it still counts as one that failed, not as a new one.
 */
export class KnownDown {
  readonly #findings = new Map<string, Finding>();

  /** @returns true when nothing was known against the server: until now it was up. */
  add(key: string, foundAt: number, closesAtOnce: boolean): boolean {
    const wasUp = !this.#findings.has(key);
    this.#findings.set(key, { foundAt, closesAtOnce, isOld: false });
    return wasUp;
  }

  /** Whether the server was found down in this pass. */
  has(key: string): boolean {
    return this.#findings.get(key)?.isOld === false;
  }

  /** When the server was last found down, in this pass or an earlier one: by `Clock.now`, or 0. */
  lastFoundAt(key: string): number {
    return this.#findings.get(key)?.foundAt ?? 0;
  }

  closesAtOnce(key: string): boolean {
    return this.#findings.get(key)?.closesAtOnce ?? false;
  }

  /**
   * The server answered. `lasted`: over a connection that did not close at once.
   * @returns true when the server counts as up now.
   */
  answered(key: string, lasted: boolean): boolean {
    const isUp = lasted || !this.closesAtOnce(key);
    if (isUp) {
      this.#findings.delete(key);
    }
    return isUp;
  }

  /** What was known is out of date. */
  forget(key: string): void {
    this.#findings.delete(key);
  }

  /** All findings are old, but for the one of the server that is known to be down now. */
  startNewPass(downNow: string | undefined): void {
    for (const [key, finding] of this.#findings) {
      if (key !== downNow) {
        this.#findings.set(key, { ...finding, isOld: true });
      }
    }
  }

  forgetUnlisted(isListed: (key: string) => boolean): void {
    for (const key of this.#findings.keys()) {
      if (!isListed(key)) {
        this.#findings.delete(key);
      }
    }
  }
}
