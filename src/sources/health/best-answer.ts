import type { Clock } from "../../core/ports.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";

interface BestAnswerPorts {
  readonly clock: Clock;
  /** Milliseconds that a better server has to answer, too. */
  readonly patienceMs: number;
  /** Of two servers that answer the lower rank is taken. */
  readonly rankOf: (key: string) => number;
  readonly take: (server: ServerEndpoint) => void;
}

/** Of the servers that answered the best, while a better one may. */
export class BestAnswer {
  readonly #ports: BestAnswerPorts;
  #best: { readonly server: ServerEndpoint; readonly cancel: () => void } | undefined;

  constructor(ports: BestAnswerPorts) {
    this.#ports = ports;
  }

  /** The server answered: it is taken when its time is over, unless a better one is offered before. */
  offer(server: ServerEndpoint): void {
    const { clock, patienceMs, rankOf } = this.#ports;
    const best = this.#best?.server;
    if (best === undefined || rankOf(server.key) < rankOf(best.key)) {
      this.#best?.cancel();
      const cancel = clock.after(patienceMs, () => {
        this.#take(server);
      });
      this.#best = { server, cancel };
    }
  }

  /** Takes what answered, unless one of these servers, which are being asked, is better. */
  takeUnlessBetter(asked: Iterable<string>): void {
    const { rankOf } = this.#ports;
    const server = this.#best?.server;
    if (server !== undefined && Iterator.from(asked).every((key) => rankOf(key) >= rankOf(server.key))) {
      this.#take(server);
    }
  }

  /** Nothing is taken any more. */
  cancel(): void {
    this.#best?.cancel();
    this.#best = undefined;
  }

  #take(server: ServerEndpoint): void {
    this.cancel();
    this.#ports.take(server);
  }
}
