import { type Nameserver, nameserverText } from "./nameserver.ts";
import { type AddressQuery, encodeQuery, type Family } from "./query.ts";
import { type AnswerRecord, decodeReply, type NameserverReply } from "./reply.ts";
import { ResolveError } from "./resolve-error.ts";
import { askByTcp } from "./tcp-exchange.ts";
import { askByUdp } from "./udp-exchange.ts";

/** Whom to ask, how long each try may take, and how many rounds are made: at most nameservers × attempts tries. */
export interface AskPolicy {
  readonly nameservers: readonly Nameserver[];
  /** Milliseconds for one try by UDP; a truncated answer gets as many again for TCP. */
  readonly timeoutMs: number;
  readonly attempts: number;
}

/**
 * Asks one nameserver after the other, in order, until one answers about the name. One that times out, can't be
 * reached, refuses, fails or answers nonsense is passed over.
 * @returns the records of the answer; there may be none.
 * @throws ResolveError `no-such-name`, which is final; `aborted`; otherwise the last nameserver's failure, naming all.
 */
export async function askInOrder(
  name: string,
  family: Family,
  policy: AskPolicy,
  signal: AbortSignal | undefined,
): Promise<readonly AnswerRecord[]> {
  const failures = new Map<string, ResolveError>();
  for (let attempt = 0; attempt < policy.attempts; attempt++) {
    for (const nameserver of policy.nameservers) {
      try {
        const reply = await askOnce(nameserver, encodeQuery(name, family), policy.timeoutMs, signal);
        if (reply.kind === "no-such-name") {
          throw new ResolveError("no-such-name", `no such name (says ${nameserverText(nameserver)})`);
        }
        return reply.records;
      } catch (error) {
        const failure = ResolveError.from(error, "unreachable");
        if (failure.isAboutTheName || failure.code === "aborted") {
          throw failure;
        }
        failures.set(nameserverText(nameserver), failure);
      }
    }
  }
  throw allFailed(failures);
}

async function askOnce(
  nameserver: Nameserver,
  query: AddressQuery,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Exclude<NameserverReply, { kind: "truncated" }>> {
  const reply = decodeReply(await askByUdp(nameserver, query, { timeoutMs, signal }));
  if (reply.kind !== "truncated") {
    return reply;
  }
  const whole = decodeReply(await askByTcp(nameserver, query, { timeoutMs, signal }));
  if (whole.kind === "truncated") {
    throw new ResolveError("malformed-answer", "answer truncated over TCP");
  }
  return whole;
}

function allFailed(failures: ReadonlyMap<string, ResolveError>): ResolveError {
  const sentences = [...failures].map(([nameserver, { message }]) => `nameserver ${nameserver}: ${message}`);
  const last = [...failures.values()].at(-1) ?? new ResolveError("unreachable", "no nameserver");
  return last.because(sentences.join("; "));
}
