import type { PingContext, Pinger } from "../../src/core/ports.ts";
import type { ServerEndpoint } from "../../src/core/server-endpoint.ts";

interface OpenPing {
  readonly server: ServerEndpoint;
  readonly context: PingContext;
  readonly answer: () => void;
  readonly fail: () => void;
}

/** Pings that wait until the test answers or fails them. */
export class FakePinger implements Pinger {
  readonly pings: OpenPing[] = [];

  ping(server: ServerEndpoint, context: PingContext): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => {
        reject(new Error("connection refused"));
      };
      this.pings.push({ server, context, answer: resolve, fail });
    });
  }

  /** The last ping's server. */
  get pinged(): ServerEndpoint | undefined {
    return this.pings.at(-1)?.server;
  }

  answer(): void {
    this.pings.at(-1)?.answer();
  }

  fail(): void {
    this.pings.at(-1)?.fail();
  }
}
