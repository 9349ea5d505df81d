import type { FleetLoad } from "./fleet-load.ts";

/**
 * Each agent's connection to its next server: when it is dialled, which may still be to come. It is counted when it
 * ends, so that a dial that the next change of the list forestalls is never seen.
 */
export class Standbys {
  /** Seconds. */
  readonly #from: Int32Array;
  /** 1: dialled then; 0: held since then, as it was the head before. */
  readonly #isDial: Uint8Array;
  readonly #load: FleetLoad;
  readonly #reaches: (agent: number, server: number, second: number) => boolean;

  constructor(
    agents: number,
    load: FleetLoad,
    reaches: (agent: number, server: number, second: number) => boolean,
  ) {
    this.#from = new Int32Array(agents);
    this.#isDial = new Uint8Array(agents);
    this.#load = load;
    this.#reaches = reaches;
  }

  dial(agent: number, second: number): void {
    this.#from[agent] = second;
    this.#isDial[agent] = 1;
  }

  keep(agent: number, second: number): void {
    this.#from[agent] = second;
    this.#isDial[agent] = 0;
  }

  isDialled(agent: number, second: number): boolean {
    return (this.#from[agent] ?? 0) <= second;
  }

  /** The server is the agent's next one no more; `undefined`: there was none. */
  end(agent: number, server: number | undefined, second: number): void {
    const from = this.#from[agent] ?? 0;
    if (server === undefined || from > second || from >= this.#load.seconds) {
      return;
    }
    this.#load.heldStandby(server, from, second);
    if (this.#isDial[agent] === 1 && this.#reaches(agent, server, from)) {
      this.#load.connected(server, from);
    }
  }
}
