import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decode, encode } from "dns-packet";

export interface SrvReply {
  /** When its question was sent, and when it came: milliseconds of `performance.now()`. */
  readonly askedAt: number;
  readonly at: number;
  /** Of the SRV records, in the order of the message; empty for any other answer. */
  readonly ports: readonly number[];
}

export interface AskerCounts {
  readonly sent: number;
  readonly answered: number;
  readonly maxLatencyMs: number;
}

/**
 * A timer fires at most once a millisecond, late on a busy machine: what it missed is caught up, this many at once,
 * which fits into a socket's default buffer (208 KiB at 768 bytes a message: 277).
 */
export const MAX_BURST = 200;

const IDS = 65_536;

interface AskerOptions {
  readonly name: string;
  readonly perSecond: number;
  /** Questions in all; no limit by default. */
  readonly total?: number | undefined;
  /**
   * Questions that wait for their answers at most, after which the rate waits, too: `MAX_BURST` where a question that
   * is lost has to be the server's fault, not that of a socket's buffer on a busy machine. No limit by default.
   */
  readonly maxOpen?: number | undefined;
}

/**
 * Asks a DNS server the same SRV question again and again over UDP, at a steady rate, whether it answers or not, up to
 * `maxOpen`. Latencies are of this process: on a busy machine they include its own waits.
 */
export class DnsAsker {
  readonly #socket: Socket;
  readonly #question: Buffer;
  readonly #perSecond: number;
  readonly #total: number;
  readonly #maxOpen: number;
  readonly #listener: (reply: SrvReply) => void;
  /** When the question with this id was sent; 0 when it was answered. An id comes back after 13 s at 5,000 a second. */
  readonly #askedAt = new Float64Array(IDS);
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #answered = 0;
  #maxLatencyMs = 0;

  private constructor(
    socket: Socket,
    { maxOpen = Number.POSITIVE_INFINITY, name, perSecond, total = Number.POSITIVE_INFINITY }: AskerOptions,
    listener: (reply: SrvReply) => void,
  ) {
    this.#socket = socket;
    this.#perSecond = perSecond;
    this.#total = total;
    this.#maxOpen = maxOpen;
    this.#listener = listener;
    this.#question = encode({ type: "query", id: 0, flags: 0x100, questions: [{ type: "SRV", name }] });
    socket.on("message", (message) => {
      this.#take(message);
    });
    socket.on("error", () => undefined);
  }

  static async start(
    server: AskerOptions & { readonly address: string },
    listener: (reply: SrvReply) => void,
  ): Promise<DnsAsker> {
    const [host = "", port = ""] = server.address.split(":");
    const socket = createSocket({ type: "udp4", recvBufferSize: 1024 * 1024 });
    socket.connect(Number(port), host);
    await once(socket, "connect");
    const asker = new DnsAsker(socket, server, listener);
    asker.#run();
    return asker;
  }

  get counts(): AskerCounts {
    return { sent: this.#sent, answered: this.#answered, maxLatencyMs: this.#maxLatencyMs };
  }

  /** Asks no more; what is under way may still be answered until `close`. */
  stop(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.stop();
    this.#socket.close();
  }

  #run(): void {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const dueByNow = Math.floor(((performance.now() - startedAt) * this.#perSecond) / 1000);
      const due = Math.min(dueByNow, this.#total);
      const free = this.#maxOpen - (this.#sent - this.#answered);
      const burst = Math.min(due - this.#sent, MAX_BURST, free);
      for (let count = 0; count < burst; count++) {
        this.#ask();
      }
    }, 1);
  }

  #ask(): void {
    const id = this.#sent++ % IDS;
    const message = Buffer.from(this.#question);
    message.writeUInt16BE(id, 0);
    this.#askedAt[id] = performance.now();
    this.#socket.send(message);
  }

  #take(message: Buffer): void {
    const at = performance.now();
    const id = message.readUInt16BE(0);
    const askedAt = this.#askedAt[id] ?? 0;
    if (askedAt === 0) {
      return;
    }
    this.#askedAt[id] = 0;
    this.#answered += 1;
    this.#maxLatencyMs = Math.max(this.#maxLatencyMs, at - askedAt);
    this.#listener({ askedAt, at, ports: portsOf(message) });
  }
}

function portsOf(message: Buffer): readonly number[] {
  return (decode(message).answers ?? []).flatMap((answer) =>
    answer.type === "SRV" ? [answer.data.port] : [],
  );
}
