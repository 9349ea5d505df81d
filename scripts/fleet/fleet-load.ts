/** What the servers see: counted per second and server, sampled per minute. */
export class FleetLoad {
  readonly numServers: number;
  readonly seconds: number;
  /** Agents whose head, and whose next server, each server is now. */
  readonly heads: Int32Array;
  readonly standbys: Int32Array;
  /** New connections by second and server. */
  readonly #connections: Int32Array;
  /** Heads and open connections by minute and server. */
  readonly #headSamples: number[][] = [];
  readonly #openSamples: number[][] = [];
  rebalances = 0;
  intervalSumMs = 0;
  intervals = 0;

  constructor(numServers: number, seconds: number) {
    this.numServers = numServers;
    this.seconds = seconds;
    this.heads = new Int32Array(numServers);
    this.standbys = new Int32Array(numServers);
    this.#connections = new Int32Array(numServers * seconds);
  }

  connected(server: number, second: number): void {
    const slot = Math.min(second, this.seconds - 1) * this.numServers + server;
    this.#connections[slot] = (this.#connections[slot] ?? 0) + 1;
  }

  drewInterval(intervalMs: number): void {
    this.intervals++;
    this.intervalSumMs += intervalMs;
  }

  /** Once a minute; `isUp`: a server that is down holds no connection. */
  sample(isUp: (server: number) => boolean): void {
    this.#headSamples.push([...this.heads]);
    this.#openSamples.push(
      [...this.heads].map((count, server) => (isUp(server) ? count + (this.standbys[server] ?? 0) : 0)),
    );
  }

  /** Heads by minute, for one server. */
  headsOverTime(server: number): number[] {
    return this.#headSamples.map((sample) => sample[server] ?? 0);
  }

  openSamples(): readonly (readonly number[])[] {
    return this.#openSamples;
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
