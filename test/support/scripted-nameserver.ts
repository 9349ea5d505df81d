import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket as TcpSocket } from "node:net";

export const TYPE = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28 };

/** What a nameserver was asked. */
export interface Asked {
  readonly bytes: Buffer;
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly transport: "udp" | "tcp";
}

export interface Answered {
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly records?: readonly Buffer[];
}

/** Sends raw bytes; over TCP a length is put before them. */
export type Send = (message: Buffer) => void;
export type Script = (
  asked: Asked,
  send: Send,
  sender: { udp?: UdpSocket; remote?: RemoteInfo; tcp?: TcpSocket },
) => void;

/** A nameserver on a loopback port, UDP and TCP, that does what its script says: also what no real one should do. */
export class ScriptedNameserver {
  readonly asked: Asked[] = [];
  readonly address: string;
  readonly port: number;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections: Set<TcpSocket>;

  static async start(script: Script, address = "127.0.0.1"): Promise<ScriptedNameserver> {
    for (;;) {
      const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
      udp.bind(0, address);
      await once(udp, "listening");
      const tcp = createServer();
      try {
        tcp.listen(udp.address().port, address);
        await once(tcp, "listening");
        return new ScriptedNameserver(udp, tcp, script);
      } catch {
        udp.close();
      }
    }
  }

  private constructor(udp: UdpSocket, tcp: Server, script: Script) {
    const { address, port } = tcp.address() as AddressInfo;
    this.address = address;
    this.port = port;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#connections = new Set();
    udp.on("message", (bytes, remote) => {
      const send = (message: Buffer) => {
        udp.send(message, remote.port, remote.address);
      };
      script(this.#note(bytes, "udp"), send, { udp, remote });
    });
    tcp.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#connections.delete(socket));
      socket.on("data", (data) => {
        const send = (message: Buffer) => {
          socket.write(Buffer.concat([uint16(message.length), message]));
        };
        script(this.#note(data.subarray(2), "tcp"), send, { tcp: socket });
      });
    });
  }

  get text(): string {
    return this.address.includes(":") ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }

  /** Connections that clients hold open. */
  get connections(): number {
    return this.#connections.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#connections) {
      socket.destroy();
    }
    const closed = Promise.all([once(this.#udp, "close"), once(this.#tcp, "close")]);
    this.#udp.close();
    this.#tcp.close();
    await closed;
  }

  #note(bytes: Buffer, transport: Asked["transport"]): Asked {
    const labels: string[] = [];
    let at = 12;
    while (bytes.readUInt8(at) !== 0) {
      const length = bytes.readUInt8(at);
      labels.push(bytes.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const asked: Asked = {
      bytes,
      id: bytes.readUInt16BE(0),
      name: labels.join("."),
      type: bytes.readUInt16BE(at + 1),
      transport,
    };
    this.asked.push(asked);
    return asked;
  }
}

/** Answers by name and type; a name that is not there does not exist, a type that is not there has no data. */
export function zoneScript(zone: Readonly<Record<string, readonly Buffer[]>>): Script {
  return (asked, send) => {
    const records = zone[asked.name];
    const wanted = (records ?? []).filter((record) => {
      const type = typeOf(record);
      return type === asked.type || type === TYPE.CNAME;
    });
    send(reply(asked, { rcode: records === undefined ? 3 : 0, records: wanted }));
  };
}

/** An answer as a correct nameserver would encode it. */
export function reply(asked: Asked, { rcode = 0, truncated = false, records = [] }: Answered = {}): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(asked.id, 0);
  header.writeUInt16BE(0x8180 | (truncated ? 0x0200 : 0) | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  // Without the OPT of the question: each hop has its own.
  const questionEnd = 12 + (asked.name === "" ? 1 : asked.name.length + 2) + 4;
  return Buffer.concat([header, asked.bytes.subarray(12, questionEnd), ...records]);
}

export function a(owner: string, address: string, ttl = 60): Buffer {
  return record(owner, TYPE.A, ttl, Buffer.from(address.split(".").map(Number)));
}

export function aaaa(owner: string, groups: readonly number[], ttl = 60): Buffer {
  return record(owner, TYPE.AAAA, ttl, Buffer.concat(groups.map(uint16)));
}

export function cname(owner: string, target: string, ttl = 60): Buffer {
  return record(owner, TYPE.CNAME, ttl, wireName(target));
}

export function record(owner: string, type: number, ttl: number, rdata: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(rdata.length, 8);
  return Buffer.concat([wireName(owner), fixed, rdata]);
}

export function wireName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  const parts = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, "latin1")]);
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function typeOf(bytes: Buffer): number {
  let at = 0;
  while (bytes.readUInt8(at) !== 0) {
    at += 1 + bytes.readUInt8(at);
  }
  return bytes.readUInt16BE(at + 1);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
