import type { PageState } from "../model/page-state.ts";
import type { ProblemReply } from "../model/replies.ts";
import { timeOf } from "../model/times.ts";
import { verdictOf } from "../model/verdict.ts";
import { Age, Shown, Sign, TimeAt } from "./shown.tsx";

/** The only part of the page that a screen reader reads out by itself. */
export function VerdictView({ state }: { readonly state: PageState }) {
  const { text, tone, word } = verdictOf(state);
  return (
    <section class={`verdict ${tone}`} aria-label="Verdict">
      <p class="verdict-word" aria-hidden="true">
        <Sign tone={tone} /> {word}
      </p>
      <p class="verdict-text" role="status" aria-live="polite">
        <Shown text={text} />
        <span class="unseen"> {problemsInWords(state.status?.problems ?? [])}</span>
      </p>
    </section>
  );
}

/** For those who do not see the list of them. */
function problemsInWords(problems: readonly ProblemReply[]): string {
  const named = problems.slice(0, 5).map(({ code, pool }) => `${pool ?? "agent"} ${code}`);
  const more = problems.length - named.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  return named.length === 0 ? "" : `Problems: ${named.join(", ")}${rest}.`;
}

export function Problems({ state }: { readonly state: PageState }) {
  const problems = state.status?.problems ?? [];
  return problems.length === 0 ? null : (
    <section class="problems" aria-label="Problems">
      <h2>{problems.length === 1 ? "1 problem" : `${problems.length} problems`}</h2>
      <ul>
        {problems.slice(0, 20).map((problem) => (
          <li key={`${problem.pool ?? ""} ${problem.code} ${problem.text}`}>
            <Problem problem={problem} lastSuccess={lastSuccessOf(state, problem)} />
          </li>
        ))}
      </ul>
      {problems.length > 20 && <p class="quiet">and {problems.length - 20} more</p>}
    </section>
  );
}

function Problem({
  lastSuccess,
  problem: { code, pool, since_at, text },
}: {
  readonly problem: ProblemReply;
  readonly lastSuccess: string | null;
}) {
  return (
    <>
      <Sign tone="warning" /> <strong>{pool === null ? "agent" : <Shown text={pool} />}</strong>{" "}
      <code>{code}</code> <Shown text={text} />
      {timeOf(since_at) !== undefined && (
        <span class="quiet">
          {" "}
          since <TimeAt at={since_at} /> (<Age at={since_at} />)
        </span>
      )}
      {lastSuccess !== null && (
        <span class="quiet">
          ; last success <TimeAt at={lastSuccess} /> (<Age at={lastSuccess} />)
        </span>
      )}
    </>
  );
}

/** Of the source that fails, as far as its pool is shown. */
function lastSuccessOf({ detail }: PageState, { code, pool }: ProblemReply): string | null {
  const [, source = ""] = /^(.+)-failing$/.exec(code) ?? [];
  const found = detail?.pool.sources[source];
  const isShown = detail?.pool.name === pool && found && "last_success_at" in found;
  return isShown ? found.last_success_at : null;
}
