import {
  CheckLimit,
  type FailureReport,
  type ReportAnswer,
  type ReportVerdict,
} from "../../core/feedback.ts";
import type { Clock } from "../../core/ports.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";

/** Who asks the servers: a part that a reload may replace. */
interface Checker {
  /** Whether a check of this server is under way, which a report joins. */
  isChecking(key: string): boolean;
  check(server: ServerEndpoint): Promise<"up" | "down" | undefined>;
  hurryStandby(key: string): boolean;
}

interface FeedbackPorts {
  readonly proxy: Pick<RpcProxy, "snapshot" | "numNodes" | "numServers">;
  readonly clock: Clock;
  /** `undefined`: no server is asked. */
  readonly checker: () => Checker | undefined;
}

/** Takes what programs report: it makes the agent look sooner, and moves nothing by itself. */
export class Feedback {
  readonly #ports: FeedbackPorts;
  readonly #limit = new CheckLimit();

  constructor(ports: FeedbackPorts) {
    this.#ports = ports;
  }

  /** Resolves when the server was asked, as far as it is to be. Never rejects. */
  async report({ server: key }: FailureReport): Promise<ReportAnswer> {
    const { checker, clock, proxy } = this.#ports;
    const { head, members } = proxy.snapshot();
    const asks = checker();
    if (!members.has(key)) {
      return { kind: "unknown-server" };
    }
    if (asks === undefined) {
      return this.#noted("ping: none: no server is asked");
    }
    if (!asks.isChecking(key)) {
      const fleet = { numNodes: proxy.numNodes(), numServers: proxy.numServers() };
      const waitMs = this.#limit.take(fleet, clock.now());
      if (waitMs > 0) {
        return { kind: "too-soon", waitMs };
      }
    }
    if (head?.key !== key) {
      return this.#noted(
        asks.hurryStandby(key) ? "it is the next server, and is asked now" : "it is not the head",
      );
    }
    const begunAt = clock.now();
    const found = await asks.check(head);
    const checkedMs = Math.round(clock.now() - begunAt);
    if (found === undefined) {
      return this.#noted("it could not be asked: report it again");
    }
    return found === "down"
      ? this.#answer("confirmed", "it does not answer the agent either", checkedMs)
      : this.#answer("refuted", `it answered the agent within ${checkedMs} ms`, checkedMs);
  }

  #noted(text: string): ReportAnswer {
    return this.#answer("noted", text);
  }

  #answer(verdict: ReportVerdict, text: string, checkedMs?: number): ReportAnswer {
    return {
      kind: "answered",
      verdict,
      text,
      checkedMs,
      head: this.#ports.proxy.snapshot().head?.key,
    };
  }
}
