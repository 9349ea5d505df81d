/** What is wrong now, for people who look and for checks. */

import { disagreementInWords } from "../../core/disagreement.ts";
import type { Facts } from "../../core/explain/facts.ts";
import { momentOf } from "../../core/explain/facts.ts";
import { printable } from "../../core/printable.ts";
import type { HttpApi } from "./http-api.ts";
import { poolFacts } from "./pool-facts.ts";
import { summaryOf } from "./pool-json.ts";

interface Problem {
  readonly code: string;
  readonly pool: string | null;
  readonly since_at: string | null;
  readonly text: string;
  /** Programs get no answer, or none that they can use. */
  readonly isFailing: boolean;
}

export function agentProblems(api: HttpApi): readonly Problem[] {
  const state = api.dnsState();
  const dns: readonly Problem[] =
    state === "serving"
      ? []
      : [{ code: "dns-not-serving", pool: null, since_at: null, text: `DNS is ${state}`, isFailing: true }];
  return [
    ...dns,
    ...configProblems(api),
    // A question for a service that is not well is no problem of the agent's.
    ...[...api.pools]
      .filter(([, pool]) => pool.onDemand !== true)
      .flatMap(([name]) => poolProblems(poolFacts(api, name))),
  ];
}

function configProblems({ configuration }: HttpApi): readonly Problem[] {
  const { needsRestart, wasTaken } = configuration.status();
  const problem = (code: string, text: string): Problem => ({
    code,
    pool: null,
    since_at: null,
    text: printable(text),
    isFailing: false,
  });
  return [
    ...(wasTaken
      ? []
      : [problem("config-refused", "the configuration could not be used at the last reload")]),
    ...(needsRestart.length === 0
      ? []
      : [problem("restart-needed", `changed settings wait for a restart: ${needsRestart.join(", ")}`)]),
  ];
}

function poolProblems(facts: Facts): readonly Problem[] {
  const { contact, disagreeing, name, sources, state } = facts.view;
  const since = summaryOf(facts).state_since_at;
  const problem = (
    code: string,
    text: string,
    isFailing: boolean,
    since_at: string | null = null,
  ): Problem => ({
    code,
    pool: name,
    since_at,
    text,
    isFailing,
  });
  return [
    ...(state === "starting" || state === "empty"
      ? [problem("no-head", "no server is listed", true, since)]
      : []),
    ...(state === "outage"
      ? [problem("outage", "no listed server answers: the order stays", true, since)]
      : []),
    ...(state === "stale"
      ? [problem("stale", "only the state file vouches for the list", false, since)]
      : []),
    ...(disagreeing === undefined
      ? []
      : [
          problem(
            "clients-disagree",
            disagreementInWords(disagreeing),
            false,
            momentOf(facts, disagreeing.since),
          ),
        ]),
    ...(contact === "orphaned" ? [problem("contact-lost", "no heartbeat with a leader comes", false)] : []),
    ...sources.flatMap(({ failingSince, lastError, source, state: found }) =>
      found === "failing"
        ? [
            problem(
              `${source}-failing`,
              printable(lastError ?? "no answer"),
              false,
              failingSince === undefined ? null : momentOf(facts, failingSince),
            ),
          ]
        : [],
    ),
    // What a failing source warns of is told above.
    ...sources.flatMap(({ source, state: found, warnings }) =>
      found === "failing"
        ? []
        : warnings.map(({ message, since: at }) =>
            problem(`${source}-warning`, printable(message), false, momentOf(facts, at)),
          ),
    ),
  ];
}
