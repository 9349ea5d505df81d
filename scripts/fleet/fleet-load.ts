/** What the servers see: counted per second and server, sampled per minute. */
export class FleetLoad {
  readonly numServers: number;
  readonly seconds: number;
  /** Agents whose head each server is now. */
  readonly heads: Int32Array;
  /** New connections by second and server. */
  readonly #connections: Int32Array;
  /**
   * By minute and server: heads, whether the server is up, and by how many the connections to it as next server grew.
   */
  readonly #headSamples: number[][] = [];
  readonly #upSamples: boolean[][] = [];
  readonly #standbyGrowth: Int32Array;
  rebalances = 0;
  intervalSumMs = 0;
  intervals = 0;

  constructor(numServers: number, seconds: number) {
    this.numServers = numServers;
    this.seconds = seconds;
    this.heads = new Int32Array(numServers);
    this.#standbyGrowth = new Int32Array(numServers * (Math.floor(seconds / 60) + 1));
    this.#connections = new Int32Array(numServers * seconds);
  }

  connected(server: number, second: number): void {
    const slot = Math.min(second, this.seconds - 1) * this.numServers + server;
    this.#connections[slot] = (this.#connections[slot] ?? 0) + 1;
  }

  /** An agent held a connection to the server as its next one, from one second up to another. */
  heldStandby(server: number, from: number, to: number): void {
    for (const [second, by] of [
      [from, 1],
      [to, -1],
    ] as const) {
      const slot = Math.floor(second / 60) * this.numServers + server;
      this.#standbyGrowth[slot] = (this.#standbyGrowth[slot] ?? 0) + by;
    }
  }

  drewInterval(intervalMs: number): void {
    this.intervals++;
    this.intervalSumMs += intervalMs;
  }

  /** Once a minute; `isUp`: a server that is down holds no connection. */
  sample(isUp: (server: number) => boolean): void {
    const heads = [...this.heads];
    this.#headSamples.push(heads);
    this.#upSamples.push(heads.map((_, server) => isUp(server)));
  }

  /** Heads by minute, for one server. */
  headsOverTime(server: number): number[] {
    return this.#headSamples.map((sample) => sample[server] ?? 0);
  }

  /** Connections to each server as somebody's next one, by minute. */
  standbySamples(): readonly (readonly number[])[] {
    const standbys = new Array<number>(this.numServers).fill(0);
    return this.#upSamples.map((isUp, minute) =>
      isUp.map((up, server) => {
        const growth = this.#standbyGrowth[minute * this.numServers + server] ?? 0;
        standbys[server] = (standbys[server] ?? 0) + growth;
        return up ? standbys[server] : 0;
      }),
    );
  }

  /** All open connections to each server, by minute. */
  openSamples(): readonly (readonly number[])[] {
    return this.standbySamples().map((standbys, minute) =>
      standbys.map((count, server) => {
        const isUp = this.#upSamples[minute]?.[server] ?? false;
        return count + (isUp ? (this.#headSamples[minute]?.[server] ?? 0) : 0);
      }),
    );
  }

  headSamples(): readonly (readonly number[])[] {
    return this.#headSamples;
  }

  /** New connections of the whole fleet to one server, in each second from `from`. */
  connectionsPerSecond(server: number, from = 0): number[] {
    const counts: number[] = [];
    for (let second = from; second < this.seconds; second++) {
      counts.push(this.#connections[second * this.numServers + server] ?? 0);
    }
    return counts;
  }
}
