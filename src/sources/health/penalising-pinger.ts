import type { PingContext, Pinger } from "../../core/ports.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { Penalties } from "./penalties.ts";

/** Where there is a choice, a server that failed lately does not count as healthy, whatever it answers. */
export class PenalisingPinger implements Pinger {
  readonly #pinger: Pinger;
  readonly #penalties: Penalties;

  constructor(pinger: Pinger, penalties: Penalties) {
    this.#pinger = pinger;
    this.#penalties = penalties;
  }

  async ping(server: ServerEndpoint, context: PingContext): Promise<void> {
    const remainingMs = this.#penalties.remainingMs(server.key);
    if (remainingMs > 0) {
      throw new Error(`failed lately: not chosen for another ${Math.ceil(remainingMs / 1000)} s`);
    }
    await this.#pinger.ping(server, context);
  }
}
