import { useMemo } from "preact/hooks";
import { countsInWords } from "../../core/list-words.ts";
import { useNow } from "../agent-clock.ts";
import { helpFor } from "../model/empty-pool.ts";
import type { PageState, PoolDetail } from "../model/page-state.ts";
import { rememberedIn } from "../model/sources.ts";
import { sentence } from "../model/verdict.ts";
import type { RowsWanted } from "../reading/page-reader.ts";
import { ExplainView } from "./explain-view.tsx";
import { Plots } from "./plots.tsx";
import { StateWord } from "./pool-overview.tsx";
import { ServersTable } from "./servers-table.tsx";
import { Age, Shown, TimeAt } from "./shown.tsx";
import { SourcesTable } from "./sources-table.tsx";

interface PoolSectionProps {
  readonly detail: PoolDetail;
  readonly state: Pick<PageState, "history" | "log" | "pools">;
  readonly onWant: (rows: RowsWanted) => void;
}

/** All about one pool. */
export function PoolSection({ detail, onWant, state }: PoolSectionProps) {
  const { explanation, pool, servers } = detail;
  const keys = useMemo(() => [...servers.values()].map(({ address }) => address), [servers]);
  return (
    <section class={`pool ${pool.state}`} aria-label={`Pool ${pool.name}`}>
      <header class="pool-header">
        <h2>
          <Shown text={pool.name} /> <StateWord state={pool.state} />
        </h2>
        <p class="pool-head">
          {pool.head === null ? (
            "no head"
          ) : (
            <>
              <span class="address">
                <Shown text={pool.head.address} />
              </span>{" "}
              <span class="quiet">
                head since <TimeAt at={pool.head.since_at} /> UTC (<Age at={pool.head.since_at} />)
              </span>
            </>
          )}
        </p>
        <Remembered detail={detail} />
        {state.pools !== undefined && state.pools.length > 1 && (
          <p class="pool-verdict">
            <Shown text={sentence(explanation.verdict)} />
          </p>
        )}
        <PoolFacts detail={detail} />
      </header>
      {pool.servers_total === 0 ? (
        <EmptyPool detail={detail} />
      ) : (
        <ServersTable key={pool.name} detail={detail} onWant={onWant} />
      )}
      <Unlisted detail={detail} />
      <ExplainView explanation={explanation} keys={keys} />
      <Plots pool={pool} items={state.log.items} history={state.history} />
      <h3>Sources</h3>
      <SourcesTable pool={pool} />
    </section>
  );
}

function Remembered({ detail: { pool } }: { readonly detail: PoolDetail }) {
  const file = rememberedIn(pool);
  return pool.state !== "stale" || file === undefined ? null : (
    <p class="remembered">
      remembered, <Age at={file.saved_at} />: no source has named a server since
    </p>
  );
}

function PoolFacts({ detail: { pool } }: { readonly detail: PoolDetail }) {
  const { contact, counts, leader } = pool;
  const facts = [
    countsInWords(counts.primary, counts.backup),
    ...(pool.on_demand ? ["on demand"] : []),
    ...(leader === null ? [] : [`leader ${leader}`]),
    ...(contact === "held" ? [] : [`contact ${contact}`]),
    ...(counts.down === 0 ? [] : [`${counts.down} down`]),
    ...(counts.penalised === 0 ? [] : [`${counts.penalised} not chosen for a while`]),
    ...(pool.servers_total > pool.servers_shown ? [`${pool.servers_total} servers`] : []),
  ];
  return (
    <ul class="pool-facts">
      {facts.map((fact) => (
        <li key={fact}>
          <Shown text={fact} />
        </li>
      ))}
    </ul>
  );
}

function EmptyPool({ detail: { pool } }: { readonly detail: PoolDetail }) {
  const now = useNow();
  const { lines, waits } = helpFor(pool, now);
  return (
    <div class="empty-pool">
      <h3>What this pool waits for</h3>
      <ul>
        {waits.map((text) => (
          <li key={text}>
            <Shown text={text} />
          </li>
        ))}
      </ul>
      <h3>A line of configuration that would help</h3>
      <dl class="config-lines">
        {lines.map(({ line, what }) => (
          <div key={line}>
            <dt>
              <code>
                <Shown text={line} />
              </code>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** Servers that a source names and that are not used. */
function Unlisted({ detail: { pool } }: { readonly detail: PoolDetail }) {
  return pool.unlisted.length === 0 ? null : (
    <details class="unlisted">
      <summary>{pool.unlisted.length} named by a source and not listed</summary>
      <ul>
        {pool.unlisted.slice(0, 50).map(({ address, code, reason }) => (
          <li key={address}>
            <Shown text={address} /> <code>{code}</code> <Shown text={reason} />
          </li>
        ))}
      </ul>
    </details>
  );
}
