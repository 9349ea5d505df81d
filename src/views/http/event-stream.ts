/** The timeline as a stream that resumes: server-sent events for browsers, lines of JSON for shells and programs. */
import type { ServerResponse } from "node:http";
import type { Clock } from "../../core/ports.ts";
import type { Gap, Kept, Timeline } from "../../core/timeline/timeline.ts";

/** A sign of life, so that nothing on the way takes the stream for dead. */
const KEEP_ALIVE_MS = 15_000;

/** Bytes that wait for a reader who does not read: then the stream is cut, and the reader resumes by the index. */
const MOST_UNREAD_BYTES = 262_144;

/** How long a browser waits before it resumes. */
const RETRY_MS = 2_000;

export type StreamFormat = "sse" | "ndjson";

export interface StreamOptions {
  readonly format: StreamFormat;
  /** Index of the last event that the reader has seen. */
  readonly after: number;
  readonly isWanted: (kept: Kept) => boolean;
  /** Goes on after what is kept. */
  readonly follow: boolean;
}

const TYPES: Readonly<Record<StreamFormat, string>> = {
  sse: "text/event-stream",
  ndjson: "application/x-ndjson",
};

/** Writes what is kept and what comes, until the reader leaves, is too slow, or the server ends. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  #end: () => void = () => undefined;
  #mostUnread = MOST_UNREAD_BYTES;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
  }

  /** Resolves when the stream has ended. */
  async run(timeline: Timeline, clock: Clock, headers: Readonly<Record<string, string>>): Promise<void> {
    const { after, follow, format, isWanted } = this.#options;
    const response = this.#response;
    const ended = Promise.withResolvers<undefined>();
    this.#end = () => {
      ended.resolve(undefined);
    };
    response.once("close", this.#end);
    response.on("error", this.#end);
    response.socket?.setTimeout(0);
    response.writeHead(200, { ...headers, "content-type": TYPES[format] });
    // The reader knows at once that it is heard, also when there is nothing to tell.
    response.flushHeaders();
    // Subscribed before what is kept is written, in one turn: nothing comes between.
    const unsubscribe = timeline.subscribe((kept) => {
      if (follow && isWanted(kept)) {
        this.#write(this.#line(kept));
      }
    });
    const { events, gap } = timeline.after(after);
    this.#writeKept(
      [
        ...(format === "sse" ? [`retry: ${RETRY_MS}\n\n`] : []),
        ...(gap === undefined ? [] : [this.#gapLine(gap)]),
        ...events.filter(isWanted).map((kept) => this.#line(kept)),
      ].join(""),
    );
    const stopKeepingAlive = follow ? this.#keepAlive(clock) : () => undefined;
    if (!follow) {
      response.end();
    }
    await ended.promise;
    stopKeepingAlive();
    unsubscribe();
  }

  #keepAlive(clock: Clock): () => void {
    const sign = this.#options.format === "sse" ? ":\n\n" : "{}\n";
    let cancel: () => void = () => undefined;
    const later = () => {
      cancel = clock.after(KEEP_ALIVE_MS, () => {
        this.#write(sign);
        later();
      });
    };
    later();
    return () => {
      cancel();
    };
  }

  #line({ event, json }: Kept): string {
    return this.#options.format === "sse"
      ? `id: ${event.index}\nevent: ${event.kind}\ndata: ${json}\n\n`
      : `${json}\n`;
  }

  #gapLine(gap: Gap): string {
    const json = JSON.stringify(gap);
    return this.#options.format === "sse" ? `event: gap\ndata: ${json}\n\n` : `${json}\n`;
  }

  /** What is kept may be more than a reader may leave unread: it does not count until it was read. */
  #writeKept(text: string): void {
    this.#mostUnread += Buffer.byteLength(text);
    this.#write(text, () => {
      this.#mostUnread = MOST_UNREAD_BYTES;
    });
  }

  #write(text: string, written?: () => void): void {
    const response = this.#response;
    if (text === "" || response.destroyed || response.writableEnded) {
      return;
    }
    response.write(text, written);
    if (response.writableLength > this.#mostUnread && this.#options.follow) {
      response.destroy();
      this.#end();
    }
  }
}
