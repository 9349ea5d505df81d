/** How a server failed. */
export interface Failing {
  /** It takes connections and closes them at once: that it opens, or answers once, proves nothing. */
  readonly closesAtOnce: boolean;
  /** Nothing came back in time: the next one like it costs as much time again. */
  readonly isSilent: boolean;
  /** Connections in a row that it closed, as far as was counted. */
  readonly closings?: number;
}

/** What was found of one server that is down. */
interface Finding extends Failing {
  /** By `Clock.now`. */
  readonly foundAt: number;
  /** The pass through the list in which it was found. One of an earlier pass is worth another try. */
  readonly pass: number;
  readonly closings: number;
}

/**
 * The servers that were found down and have not answered since. A finding grows old when a head answers: then the server may
 * be tried again, but it still counts as one that failed, not as a new one.
 */
export class KnownDown {
  readonly #findings = new Map<string, Finding>();
  #pass = 0;

  /** @returns true when nothing was known against the server: until now it was up. */
  add(key: string, foundAt: number, { closesAtOnce, isSilent, closings }: Failing): boolean {
    const known = this.#findings.get(key);
    this.#findings.set(key, {
      closesAtOnce,
      isSilent,
      foundAt,
      pass: this.#pass,
      closings: closings ?? known?.closings ?? 0,
    });
    return known === undefined;
  }

  /** Whether the server was found down in this pass. */
  has(key: string): boolean {
    return this.#findings.get(key)?.pass === this.#pass;
  }

  /** Keys of the servers found down in this pass. */
  keys(): ReadonlySet<string> {
    return new Set([...this.#findings.keys()].filter((key) => this.has(key)));
  }

  isSilent(key: string): boolean {
    return this.#findings.get(key)?.isSilent ?? false;
  }

  /** When the server was last found down, in this pass or an earlier one: by `Clock.now`, or 0. */
  lastFoundAt(key: string): number {
    return this.#findings.get(key)?.foundAt ?? 0;
  }

  closesAtOnce(key: string): boolean {
    return this.#findings.get(key)?.closesAtOnce ?? false;
  }

  /** How many servers were found to close connections at once since then, and have not answered since. By `Clock.now`. */
  closingSince(since: number): number {
    const isClosing = ({ closesAtOnce, foundAt }: Finding) => closesAtOnce && foundAt >= since;
    return [...this.#findings.values().filter(isClosing)].length;
  }

  /** Connections in a row that the server closed, when it was found down last. */
  closings(key: string): number {
    return this.#findings.get(key)?.closings ?? 0;
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
    this.#pass += 1;
    const finding = this.#findings.get(downNow ?? "");
    if (downNow !== undefined && finding !== undefined) {
      this.#findings.set(downNow, { ...finding, pass: this.#pass });
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
