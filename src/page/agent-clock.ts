/** The agent's clock, which all ages and countdowns of the page are by: the reader's own may be wrong. */
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

class AgentClock {
  readonly #listeners = new Set<() => void>();
  #offsetMs = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** In ms since 1970. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  seen(agentNow: number): void {
    this.#offsetMs = agentNow - Date.now();
  }

  /** Calls back each second while the page is looked at. @returns the function that ends it. */
  tick(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      if (document.visibilityState === "visible") {
        for (const told of this.#listeners) {
          told();
        }
      }
    }, 1_000);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    };
  }
}

export const agentClock = new AgentClock();

/** Set: the agent is gone, and time stands still at what was known last. */
export const FrozenAt = createContext<number | undefined>(undefined);

/** Now, by the agent's clock, told each second. */
export function useNow(): number {
  const frozen = useContext(FrozenAt);
  const [now, setNow] = useState(() => agentClock.now());
  useEffect(
    () =>
      agentClock.tick(() => {
        setNow(agentClock.now());
      }),
    [],
  );
  return frozen ?? now;
}
