import { useMemo, useState } from "preact/hooks";
import { toneOfState } from "../../core/list-words.ts";
import { byNeed } from "../model/page-state.ts";
import type { PoolSummaryReply } from "../model/replies.ts";
import { headInWords } from "../model/verdict.ts";
import { memo } from "./memo.ts";
import { Scroll } from "./scroll.tsx";
import { Age, Shown, Sign, TimeAt } from "./shown.tsx";

/** More pools than these are rows of a table. */
const MOST_CARDS = 12;

/** Rows that are made at first. */
const FIRST_ROWS = 50;

interface OverviewProps {
  readonly pools: readonly PoolSummaryReply[];
  readonly selected: string | undefined;
}

/** All pools at a glance, those that need somebody first; each leads to the whole of it. */
export const PoolOverview = memo(({ pools, selected }: OverviewProps) => {
  const sorted = useMemo(() => byNeed(pools), [pools]);
  if (pools.length < 2) {
    return null;
  }
  return (
    <nav class="overview" aria-label="Pools">
      <h2>
        Pools <span class="count">{pools.length}</span>
      </h2>
      {pools.length <= MOST_CARDS ? (
        <ul class="cards">
          {sorted.map((pool) => (
            <li key={pool.name}>
              <PoolCard pool={pool} isSelected={pool.name === selected} />
            </li>
          ))}
        </ul>
      ) : (
        <PoolTable pools={sorted} selected={selected} />
      )}
    </nav>
  );
});

function poolHash(name: string): string {
  return `#pool-${encodeURIComponent(name)}`;
}

function PoolCard({ isSelected, pool }: { readonly pool: PoolSummaryReply; readonly isSelected: boolean }) {
  return (
    <a
      class={`card ${pool.state}`}
      href={poolHash(pool.name)}
      {...(isSelected ? { "aria-current": "true" } : {})}
    >
      <span class="card-name">
        <Shown text={pool.name} />
        <StateWord state={pool.state} />
      </span>
      <span class="card-head">
        {pool.head_address === null ? "no head" : <Shown text={pool.head_address} />}
      </span>
      <span class="quiet">
        {pool.state_since_at === null ? (
          <Shown text={headInWords(pool)} />
        ) : (
          <>
            {pool.state} since <TimeAt at={pool.state_since_at} /> (<Age at={pool.state_since_at} />)
          </>
        )}
        {pool.on_demand && "; on demand"}
      </span>
    </a>
  );
}

export function StateWord({ state }: { readonly state: string }) {
  return (
    <span class={`state ${toneOfState(state)}`}>
      <Sign tone={toneOfState(state)} /> {state}
    </span>
  );
}

function PoolTable({ pools, selected }: OverviewProps) {
  const [part, setPart] = useState("");
  const [rows, setRows] = useState(FIRST_ROWS);
  const found = pools.filter(({ name }) => name.includes(part.trim()));
  return (
    <>
      <label class="field">
        Name contains
        <input
          type="search"
          value={part}
          onInput={({ currentTarget }) => {
            setPart(currentTarget.value);
          }}
        />
      </label>
      <Scroll label="All pools" class="pools">
        <table>
          <caption class="unseen">Pools</caption>
          <thead>
            <tr>
              <th scope="col">Pool</th>
              <th scope="col">State</th>
              <th scope="col">Head</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, rows).map((pool) => (
              <tr key={pool.name} class={pool.name === selected ? "selected" : ""}>
                <th scope="row">
                  <a
                    href={poolHash(pool.name)}
                    {...(pool.name === selected ? { "aria-current": "true" } : {})}
                  >
                    <Shown text={pool.name} />
                  </a>
                </th>
                <td>
                  <StateWord state={pool.state} />
                </td>
                <td class="address">
                  {pool.head_address === null ? "no head" : <Shown text={pool.head_address} />}
                </td>
                <td>{pool.state_since_at === null ? "" : <TimeAt at={pool.state_since_at} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="quiet">
        {found.length > rows
          ? `The first ${rows} of ${found.length} pools. `
          : `${found.length} of ${pools.length} pools.`}
        {found.length > rows && (
          <button
            type="button"
            onClick={() => {
              setRows(found.length);
            }}
          >
            Show all {found.length}
          </button>
        )}
      </p>
    </>
  );
}
