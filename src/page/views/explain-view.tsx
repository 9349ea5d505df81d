import type { ExplanationReply, WhatIfReply } from "../model/replies.ts";
import { memo } from "./memo.ts";
import { Age, Countdown, Shown, TimeAt } from "./shown.tsx";
import { WhatIfForm } from "./what-if-form.tsx";

/** Other servers whose reasons are told: the list has the rest. */
const MOST_OTHERS = 5;

/** Why this head, what if, what next: the agent's own words. */
export const ExplainView = memo(
  ({
    explanation,
    keys,
  }: {
    readonly explanation: ExplanationReply;
    /** Servers that may be asked about. */
    readonly keys: readonly string[];
  }) => {
    const { because, dns, head, limits, next, pool, what_if: whatIfs } = explanation;
    return (
      <section class="explain" aria-label={`Why, what if and what next for ${pool}`}>
        <div>
          <h3>Because</h3>
          <dl class="reasons">
            {because.map(({ at, code, event, text }) => (
              <div key={code}>
                <dt title={code}>{code.split(/[-.]/)[0]}</dt>
                <dd>
                  <Shown text={text} />
                  {at !== null && code.startsWith("became-head") && (
                    <span class="quiet">
                      {" "}
                      <Age at={at} />
                    </span>
                  )}
                  {event !== null && (
                    <>
                      {" "}
                      <a href={`#event-${event}`}>event …{String(event).slice(-4)}</a>
                    </>
                  )}
                </dd>
              </div>
            ))}
            <div>
              <dt>DNS</dt>
              <dd>
                <Shown text={dns.question} />: <Shown text={dns.answer ?? dns.rcode} />
                {dns.answer !== null && `, TTL ${dns.ttl_s ?? 0} s`}
                {dns.extended_error !== null && (
                  <>
                    {" "}
                    (<Shown text={dns.extended_error.text} />)
                  </>
                )}
              </dd>
            </div>
          </dl>
          <Others explanation={explanation} />
          {limits.map(({ code, text }) => (
            <p key={code} class="note">
              Note: <Shown text={text} />
            </p>
          ))}
        </div>
        <div>
          <h3>If</h3>
          <dl class="reasons">
            {whatIfs.map((answer) => (
              <div key={answer.if}>
                <dt>{questionInWords(answer, head)}</dt>
                <dd>
                  <Shown text={answer.text} />
                </dd>
              </div>
            ))}
          </dl>
          <WhatIfForm pool={pool} keys={keys} />
          <h3>Next</h3>
          {next.length === 0 ? (
            <p class="quiet">Nothing is due.</p>
          ) : (
            <ol class="next">
              {next.slice(0, 8).map(({ at, code, may_change_head: mayChange, server, text }) => (
                <li key={`${code} ${server ?? ""}`}>
                  <Countdown at={at} />
                  <span>
                    <Shown text={text} />{" "}
                    <span class="quiet">
                      <TimeAt at={at} />
                    </span>
                    {mayChange && <span class="tag">may change the head</span>}
                  </span>
                </li>
              ))}
            </ol>
          )}
        </div>
      </section>
    );
  },
);

function questionInWords({ if: question }: WhatIfReply, head: string | null): string {
  if (question === "rebalance") {
    return "rebalanced";
  }
  return question === `fails:${head ?? ""}` ? "it fails" : question.replace(":", " ");
}

/** Servers that would not be next for more than their place in the list. */
function Others({ explanation: { others } }: { readonly explanation: ExplanationReply }) {
  const told = others.filter(({ not_head: why }) => why.some(({ code }) => code !== "later-in-order"));
  return told.length === 0 ? null : (
    <dl class="reasons others">
      {told.slice(0, MOST_OTHERS).map(({ address, not_head: why }) => (
        <div key={address}>
          <dt>
            not <Shown text={address} />
          </dt>
          <dd>
            {why.map(({ code, text, until_at }, index) => (
              <span key={code}>
                {index > 0 && "; "}
                <Shown text={text} />
                {until_at !== null && (
                  <span class="quiet">
                    {" "}
                    until <TimeAt at={until_at} />
                  </span>
                )}
              </span>
            ))}
          </dd>
        </div>
      ))}
      {told.length > MOST_OTHERS && <p class="quiet">and {told.length - MOST_OTHERS} more</p>}
    </dl>
  );
}
