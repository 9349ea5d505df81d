import type { Heard, HeartbeatAnswer } from "../../core/heartbeat.ts";
import { printable } from "../../core/printable.ts";
import { EndpointError, joinHostPort, parseRpcAddr } from "../../core/rpc-addr.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { Snapshot } from "../../core/snapshot.ts";

/** Other servers asked for a leader when one names none: enough to find the majority's side among five. */
const SERVERS_ASKED = 4;

/** A server that names a leader which answers, and what it said. */
export interface LeaderSide extends Heard {
  /** What was found of each server that was asked in vain before it, by key. */
  readonly inVain: ReadonlyMap<string, string>;
}

/**
 * Looks for a server that names a leader, when one names none. A follower goes on naming a leader that died until it
 * notices: so the named one is asked, too, and while it does not answer nobody who names it is believed. Each server is
 * asked once.
 */
export async function findLeaderSide(
  leaderless: Heard,
  listed: Snapshot,
  ask: (server: ServerEndpoint) => Promise<HeartbeatAnswer | undefined>,
): Promise<LeaderSide | undefined> {
  const answers = new Map([
    [leaderless.from.key, Promise.resolve<HeartbeatAnswer | undefined>(leaderless.answer)],
  ]);
  const answerOf = (server: ServerEndpoint) => {
    const answer = answers.get(server.key) ?? ask(server);
    answers.set(server.key, answer);
    return answer;
  };
  const inVain = new Map([[leaderless.from.key, "names no leader"]]);
  const others = listed.servers.filter(({ key }) => key !== leaderless.from.key);
  for (const from of others.slice(0, SERVERS_ASKED)) {
    const answer = await answerOf(from);
    const leader = answer === undefined ? undefined : listedLeader(listed, answer.leaderRpcAddr);
    if (answer !== undefined && leader !== undefined && (await answerOf(leader)) !== undefined) {
      return { from, answer, inVain };
    }
    inVain.set(from.key, findingOf(answer));
  }
  return undefined;
}

function findingOf(answer: HeartbeatAnswer | undefined): string {
  if (answer === undefined) {
    return "gives no heartbeat";
  }
  const { leaderRpcAddr } = answer;
  return leaderRpcAddr === ""
    ? "names no leader"
    : `names ${printable(leaderRpcAddr)}, which gives no heartbeat`;
}

/** A leader that is not listed is not asked: an address that somebody names is none of ours yet. */
function listedLeader(listed: Snapshot, address: string): ServerEndpoint | undefined {
  try {
    const { host, port } = parseRpcAddr(address);
    return listed.members.get(joinHostPort(host, port))?.endpoint;
  } catch (error) {
    if (error instanceof EndpointError) {
      return undefined;
    }
    throw error;
  }
}
