import { Disagreement } from "../../core/disagreement.ts";
import {
  CheckLimit,
  type FailureReport,
  type ReportAnswer,
  type ReportVerdict,
  type SourceLimits,
} from "../../core/feedback.ts";
import type { Note } from "../../core/journal-event.ts";
import type { Disagreeing } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import { RecentMap } from "../../core/recent-map.ts";
import type { Observe } from "../../core/routine.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { wallTimeOf } from "../../core/time/wall-time.ts";

/** Who asks the servers: a part that a reload may replace. */
interface Checker {
  /** Whether a check of this server is under way, which a report joins. */
  isChecking(key: string): boolean;
  check(server: ServerEndpoint, reported: string | undefined): Promise<"up" | "down" | undefined>;
  isStandby(key: string): boolean;
  hurryStandby(): void;
}

interface FeedbackPorts {
  readonly proxy: Pick<RpcProxy, "snapshot" | "numNodes" | "numServers">;
  readonly clock: Clock;
  readonly note: Note;
  readonly observe?: Observe | undefined;
  /** Of all pools together. */
  readonly limits: SourceLimits;
  /** `undefined`: no server is asked. */
  readonly checker: () => Checker | undefined;
}

/** The same verdict about the same server is news again after so many milliseconds without one. */
const NEWS_AFTER_MS = 60_000;

/** Servers whose last verdicts are remembered. */
const MOST_TOLD = 256;

/** Takes what programs report: it makes the agent look sooner, and moves nothing by itself. */
export class Feedback {
  readonly #ports: FeedbackPorts;
  readonly #checks = new CheckLimit();
  readonly #standbyPings = new CheckLimit();
  readonly #disagreement = new Disagreement();
  /** When each was told last. */
  readonly #told = new RecentMap<number>(MOST_TOLD);
  /** The last check that found a server up: when it began, in milliseconds since the Unix epoch. */
  #foundUp: { readonly key: string; readonly at: number } | undefined;

  constructor(ports: FeedbackPorts) {
    this.#ports = ports;
  }

  /** Resolves when the server was asked, as far as it is to be. Never rejects. */
  async report(report: FailureReport): Promise<ReportAnswer> {
    const { clock, limits, observe, proxy } = this.#ports;
    const waitMs = limits.take(report.source, clock.now());
    if (waitMs > 0) {
      observe?.({ kind: "reported", verdict: "limited" });
      return { kind: "too-soon", waitMs };
    }
    if (!proxy.snapshot().members.has(report.server)) {
      return { kind: "unknown-server" };
    }
    const asked = this.#whyUnasked(report) ?? (await this.#asked(report));
    if (typeof asked === "string") {
      return this.#answer(report, "noted", asked);
    }
    return asked;
  }

  /** Programs that report the head although it answers. */
  disagreeing(): Disagreeing | undefined {
    const { clock, proxy } = this.#ports;
    return this.#disagreement.about(proxy.snapshot().head?.key, clock.now());
  }

  /** `undefined`: it is to be asked. */
  #whyUnasked({ observedAt, server: key }: FailureReport): string | undefined {
    const checker = this.#ports.checker();
    const { head, headSince } = this.#ports.proxy.snapshot();
    if (checker === undefined) {
      return "ping: none: no server is asked";
    }
    if (head?.key !== key) {
      return checker.isStandby(key) ? this.#hurried(checker) : "it is not the head";
    }
    if (observedAt === undefined) {
      return undefined;
    }
    if (observedAt < (headSince?.at ?? 0)) {
      return "outdated: it became the head after that";
    }
    return this.#foundUp?.key === key && observedAt < this.#foundUp.at
      ? "outdated: it was asked after that, and answered"
      : undefined;
  }

  #hurried(checker: Checker): string {
    if (this.#standbyPings.take(this.#fleet(), this.#ports.clock.now()) > 0) {
      return "it is the next server, and was asked a moment ago";
    }
    checker.hurryStandby();
    return "it is the next server, and is asked now";
  }

  /** @returns why it could not be asked, as text, or the answer. */
  async #asked(report: FailureReport): Promise<ReportAnswer | string> {
    const { checker, clock, observe, proxy } = this.#ports;
    const { head } = proxy.snapshot();
    const asks = checker();
    if (head === undefined || asks === undefined) {
      return "it could not be asked: report it again";
    }
    const joins = asks.isChecking(head.key);
    const waitMs = joins ? 0 : this.#checks.take(this.#fleet(), clock.now());
    if (waitMs > 0) {
      observe?.({ kind: "reported", verdict: "limited" });
      return { kind: "too-soon", waitMs };
    }
    const [begunAt, wallAt] = [clock.now(), wallTimeOf(clock)];
    const found = await asks.check(head, report.reason);
    const checkedMs = Math.round(clock.now() - begunAt);
    if (found === undefined) {
      return "it could not be asked: report it again";
    }
    if (found === "down") {
      return this.#answer(report, "confirmed", "it does not answer the agent either", { checkedMs, joins });
    }
    this.#foundUp = joins ? this.#foundUp : { key: head.key, at: wallAt };
    this.#disagreement.refuted(head.key, report.client, clock.now());
    return this.#answer(report, "refuted", `it answered the agent within ${checkedMs} ms`, {
      checkedMs,
      joins,
    });
  }

  /** Reports that join a check are counted, and share its event. */
  #answer(
    { client, reason, server }: FailureReport,
    verdict: ReportVerdict,
    text: string,
    { checkedMs, joins = false }: { readonly checkedMs?: number; readonly joins?: boolean } = {},
  ): ReportAnswer {
    const { note, observe, proxy } = this.#ports;
    observe?.({ kind: "reported", verdict });
    if (!joins) {
      const isNews = this.#isNews(`${server} ${verdict}`);
      note({ kind: "feedback", server, client, verdict, reason, text, tookMs: checkedMs, isNews });
    }
    return { kind: "answered", verdict, text, checkedMs, head: proxy.snapshot().head?.key };
  }

  #isNews(what: string): boolean {
    const now = this.#ports.clock.now();
    const before = this.#told.get(what);
    this.#told.set(what, now);
    return before === undefined || now - before >= NEWS_AFTER_MS;
  }

  #fleet() {
    const { proxy } = this.#ports;
    return { numNodes: proxy.numNodes(), numServers: proxy.numServers() };
  }
}
