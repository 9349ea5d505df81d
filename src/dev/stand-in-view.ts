/** One server as the others know it. */
export interface StandInMember {
  /** Without the region: `s1` is listed as `s1.global`. */
  readonly name: string;
  /** IPv4 `host:port` of its RPC; raft uses the same. */
  readonly address: string;
  readonly datacenter?: string;
  readonly region?: string;
  readonly status?: "alive" | "leaving" | "left" | "failed";
  /** Replace or add tags; `undefined` leaves one out. */
  readonly tags?: Readonly<Record<string, string | undefined>>;
}

/** What a stand-in server knows and therefore answers: replaced as a whole, never changed. */
export interface StandInView {
  /** How the server calls itself in Status.Members; one of `members`. */
  readonly name: string;
  readonly region: string;
  readonly datacenter: string;
  /** `0.4` has no Status.Members and wants a region for Status.Peers. */
  readonly generation: "0.4" | "1.0";
  readonly members: readonly StandInMember[];
  /** RPC address of the leader; "" while there is none. */
  readonly leader: string;
  readonly nodeCount: number;
  /** The ACL token that Status.Members and Node.List require. */
  readonly token?: string | undefined;
  /**
   * How long a call that needs a leader is held while there is none: milliseconds. A real server holds it up to 5,300.
   */
  readonly leaderWaitMs: number;
}

export const DEFAULT_VIEW: StandInView = Object.freeze({
  name: "s1",
  region: "global",
  datacenter: "dc1",
  generation: "1.0",
  members: Object.freeze([]),
  leader: "",
  nodeCount: 0,
  leaderWaitMs: 5300,
});
