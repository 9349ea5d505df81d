import * as z from "zod";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { sharedDeadline } from "../connection/deadline.ts";
import type { CallOptions } from "../connection/held-connection.ts";
import { decodeValue } from "./message-reader.ts";
import { NODE_COUNT } from "./node-count.ts";
import { type Answer, NomadConnection } from "./nomad-connection.ts";
import type { NomadTls } from "./tls-handshake.ts";

// A member takes 270 bytes: room for 3,800 servers of all federated regions together.
const LIMIT_BYTES = 1024 * 1024;

// An address takes 30 bytes with IPv6: room for 4,000 peers, which are the voting servers of one region.
const ADDRESSES_LIMIT_BYTES = 128 * 1024;

const Member = z.object({
  Name: z.string(),
  Status: z.string(),
  Tags: z.record(z.string(), z.string()).nullable(),
});

const Members = z.object({
  ServerName: z.string(),
  ServerRegion: z.string().default(""),
  ServerDC: z.string(),
  Members: z.array(Member).nullable(),
});

/**
 * One entry of Status.Members, as serf knows it. Its address is not among them: it is raw bytes; `Tags` name the RPC
 * address.
 */
export interface NomadMember {
  readonly name: string;
  /** `alive`, `leaving`, `left` or `failed`; a dead server stays `alive` for up to 38 s (measured). */
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What Status.Members answers. */
export interface NomadMembers {
  /** The answering server's own region, whatever region the question names; "" where it does not tell. */
  readonly region: string;
  /** All servers of all federated regions. */
  readonly members: readonly NomadMember[];
}

const LEADER = whole(z.string(), ADDRESSES_LIMIT_BYTES);
const PEERS = whole(
  z
    .array(z.string())
    .nullable()
    .transform((peers) => peers ?? []),
  ADDRESSES_LIMIT_BYTES,
);
const MEMBERS = whole(
  Members.transform(
    ({ Members, ServerRegion }): NomadMembers => ({
      region: ServerRegion,
      members: (Members ?? []).map(({ Name, Status, Tags }) => ({
        name: Name,
        status: Status,
        tags: Tags ?? {},
      })),
    }),
  ),
);

/** An answer that is kept whole, decoded and checked. */
function whole<T>(schema: z.ZodType<T>, limitBytes = LIMIT_BYTES): Answer<T> {
  return {
    keepBytes: limitBytes,
    limitBytes,
    read: (bytes) => schema.parse(decodeValue(bytes)),
  };
}

export interface NomadClientOptions {
  readonly region: string;
  /** The ACL token's secret; sent with the calls that need one. */
  readonly token?: string | undefined;
  readonly tls?: NomadTls | undefined;
}

/**
 * Whether any server may answer from what it knows. Without it a call is held for up to 5.3 s while there is no leader
 * (measured).
 */
export interface ReadOptions extends CallOptions {
  readonly allowStale?: boolean;
}

/**
 * The calls that are made to one Nomad server. It connects at the first call, keeps the connection, and connects anew
 * at the first call after that connection has closed. It never repeats a call, never connects by itself and has no
 * timer of its own. All calls reject with a `ConnectionError`, or with the reason of the signal.
 */
export class NomadClient {
  readonly endpoint: ServerEndpoint;
  readonly #options: NomadClientOptions;
  /** Lent by the caller, who closes it; used as long as it is open. */
  readonly #lent: NomadConnection | undefined;
  #own: NomadConnection | undefined;

  constructor(endpoint: ServerEndpoint, options: NomadClientOptions, lent?: NomadConnection) {
    this.endpoint = endpoint;
    this.#options = options;
    this.#lent = lent;
  }

  /** The server's process answers; needs no leader and no token. */
  async ping(options: CallOptions): Promise<void> {
    await this.#over(options, (connection, left) => connection.ping(left));
  }

  /** RPC address of the leader, `host:port`. With `allowStale` it is "" when the server knows of none. */
  leader(options: ReadOptions): Promise<string> {
    return this.#read("Status.Leader", LEADER, options);
  }

  /** Raft addresses of the servers, `host:port`; dead ones are among them until raft removes them. */
  peers(options: ReadOptions): Promise<readonly string[]> {
    return this.#read("Status.Peers", PEERS, options);
  }

  /** All servers of all federated regions. `unknown-method` before 0.5, `permission-denied` without `node:read`. */
  members(options: CallOptions): Promise<NomadMembers> {
    return this.#read("Status.Members", MEMBERS, options, this.#tokenField());
  }

  /**
   * How many client nodes the region has. Needs `node:read`. The server sends every node's record, megabytes for a
   * large fleet: do not ask often. The number stands before them, and the connection is closed once it was read. It is
   * asked on a connection of its own, because a ping behind such an answer would wait for it.
   */
  async nodeCount(options: ReadOptions): Promise<number> {
    using left = sharedDeadline(options);
    const connection = await this.#dial(left());
    try {
      return await connection.call(
        "Node.List",
        this.#request(options, this.#tokenField()),
        NODE_COUNT,
        left(),
      );
    } finally {
      connection.close();
    }
  }

  /** Closes the connection it opened, never the one it was lent. A later call connects anew. Idempotent. */
  close(): void {
    this.#own?.close();
    this.#own = undefined;
  }

  #read<T>(method: string, answer: Answer<T>, options: ReadOptions, more: object = {}): Promise<T> {
    const request = this.#request(options, more);
    return this.#over(options, (connection, left) => connection.call(method, request, answer, left));
  }

  #request({ allowStale }: ReadOptions, more: object): object {
    const { region } = this.#options;
    return { Region: region, ...(allowStale === true ? { AllowStale: true } : {}), ...more };
  }

  #tokenField(): object {
    const { token } = this.#options;
    return token === undefined ? {} : { AuthToken: token };
  }

  /** Connecting and calling share one deadline. */
  async #over<T>(
    options: CallOptions,
    call: (connection: NomadConnection, left: CallOptions) => Promise<T>,
  ): Promise<T> {
    using left = sharedDeadline(options);
    const connection = this.#openConnection() ?? (await this.#connect(left()));
    return await call(connection, left());
  }

  #openConnection(): NomadConnection | undefined {
    return [this.#lent, this.#own].find((connection) => connection?.state.phase === "open");
  }

  async #connect(options: CallOptions): Promise<NomadConnection> {
    const connection = await this.#dial(options);
    const other = this.#openConnection();
    if (other !== undefined) {
      // Two calls connected at the same time: one connection is enough.
      connection.close();
      return other;
    }
    this.#own = connection;
    return connection;
  }

  #dial(options: CallOptions): Promise<NomadConnection> {
    const { tls, region } = this.#options;
    return NomadConnection.open(this.endpoint, { ...options, tls, region });
  }
}
