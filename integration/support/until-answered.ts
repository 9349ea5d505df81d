import { until } from "../../scripts/lab/until.ts";

/** Asks again while Consul takes longer than a question waits, as on a busy machine. Resolves with the first answer. */
export async function untilAnswered<Answer extends { readonly rcode: string }>(
  what: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  let answer = await ask();
  await until(async () => {
    answer = answer.rcode === "SERVFAIL" ? await ask() : answer;
    return answer.rcode !== "SERVFAIL";
  }, `${what} answered`);
  return answer;
}
