import type { RawValue } from "./raw-encoder.ts";
import type { StandInMember, StandInView } from "./stand-in-view.ts";

/** A request's body: unknown keys are ignored, missing ones are Go's zero values. */
export interface StandInRequest {
  readonly region: string;
  readonly allowStale: boolean;
  readonly token: string;
}

/** What the server does with a request. */
export type StandInAnswer =
  | { readonly type: "reply"; readonly body: RawValue }
  | { readonly type: "error"; readonly message: string }
  /** Answered as an error when the view still names no leader after `leaderWaitMs`. */
  | { readonly type: "wait-for-leader" }
  /** Answered as an error, then the connection is closed. */
  | { readonly type: "unknown"; readonly message: string };

type Method = (view: StandInView, request: StandInRequest) => StandInAnswer;

const METHODS: Readonly<Record<string, Method>> = {
  "Status.Ping": () => reply({}),
  "Status.Leader": inRegion(withLeader((view) => reply(view.leader))),
  "Status.Peers": peers,
  "Status.Members": inRegion(withToken((view) => reply(membersReply(view)))),
  "Node.List": inRegion(withLeader(withToken((view) => reply(nodesReply(view))))),
};

/** Decides the answer to one request, as a real server of the view's generation would. */
export function answerTo(view: StandInView, method: string, request: StandInRequest): StandInAnswer {
  const known = METHODS[method];
  if (known === undefined || (view.generation === "0.4" && method === "Status.Members")) {
    const what = /^(Status|Node)\./.test(method) ? "method" : "service";
    return { type: "unknown", message: `rpc: can't find ${what} ${method}` };
  }
  return known(view, request);
}

function peers(view: StandInView, request: StandInRequest): StandInAnswer {
  if (request.region === "") {
    return view.generation === "0.4" ? error("missing target RPC") : reply(peerAddresses(view));
  }
  return inRegion(withLeader((now) => reply(peerAddresses(now))))(view, request);
}

function inRegion(method: Method): Method {
  return (view, request) => {
    const known = view.members.some((member) => (member.region ?? view.region) === request.region);
    return known || request.region === view.region ? method(view, request) : error("No path to region");
  };
}

function withLeader(method: Method): Method {
  return (view, request) =>
    view.leader === "" && !request.allowStale ? { type: "wait-for-leader" } : method(view, request);
}

function withToken(method: Method): Method {
  return (view, request) => {
    if (view.token === undefined || request.token === view.token) {
      return method(view, request);
    }
    return error(request.token === "" ? "Permission denied" : "ACL token not found");
  };
}

const reply = (body: RawValue): StandInAnswer => ({ type: "reply", body });
const error = (message: string): StandInAnswer => ({ type: "error", message });

function peerAddresses(view: StandInView): RawValue {
  return view.members
    .filter((member) => (member.region ?? view.region) === view.region)
    .map((member) => member.address);
}

function membersReply(view: StandInView): RawValue {
  return {
    Members: view.members.map((member) => memberReply(view, member)),
    ServerDC: view.datacenter,
    ServerName: view.name,
    ServerRegion: view.region,
  };
}

function memberReply(view: StandInView, member: StandInMember): RawValue {
  const region = member.region ?? view.region;
  const { host, port } = splitAddress(member.address);
  return {
    Addr: Uint8Array.from(host.split("."), Number),
    DelegateCur: 4,
    DelegateMax: 5,
    DelegateMin: 2,
    Name: `${member.name}.${region}`,
    // Serf's own port, here as far from the RPC port as with Nomad's defaults (4648 and 4647).
    Port: Number(port) + 1,
    ProtocolCur: 2,
    ProtocolMax: 5,
    ProtocolMin: 1,
    Status: member.status ?? "alive",
    Tags: tagsOf(view, member, { host, port, region }),
  };
}

function tagsOf(
  view: StandInView,
  member: StandInMember,
  { host, port, region }: { host: string; port: string; region: string },
): RawValue {
  const tags: Record<string, string | undefined> = {
    build: "1.0.18",
    dc: member.datacenter ?? view.datacenter,
    expect: String(view.members.length),
    id: `00000000-0000-0000-0000-${port.padStart(12, "0")}`,
    mvn: "1",
    port,
    raft_vsn: "3",
    region,
    role: "nomad",
    rpc_addr: host,
    vsn: "1",
    ...member.tags,
  };
  return Object.fromEntries(
    Object.entries(tags).filter((tag): tag is [string, string] => tag[1] !== undefined),
  );
}

function nodesReply(view: StandInView): RawValue {
  const nodes = Array.from({ length: view.nodeCount }, (_, index) => ({
    Datacenter: view.datacenter,
    ID: `11111111-2222-3333-4444-${String(index).padStart(12, "0")}`,
    Name: `node-${index}`,
    Status: "ready",
  }));
  return {
    Index: 0,
    KnownLeader: view.leader !== "",
    // Time since the leader was heard, a duration in nanoseconds; the value is one that a server without quorum
    // answered.
    LastContact: view.leader === "" ? 17_150_488_651n : 0n,
    Nodes: nodes.length === 0 ? null : nodes,
  };
}

function splitAddress(address: string): { host: string; port: string } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: address.slice(colon + 1) };
}
