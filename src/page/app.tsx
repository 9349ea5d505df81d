import { FrozenAt } from "./agent-clock.ts";
import { type PageState, selectedPool } from "./model/page-state.ts";
import type { PagePlace } from "./model/place.ts";
import type { RowsWanted } from "./reading/page-reader.ts";
import { Actions } from "./views/actions.tsx";
import { Banner } from "./views/banner.tsx";
import { PoolOverview } from "./views/pool-overview.tsx";
import { PoolSection } from "./views/pool-section.tsx";
import { Shown } from "./views/shown.tsx";
import { TimelineView } from "./views/timeline-view.tsx";
import { Problems, VerdictView } from "./views/verdict-view.tsx";

interface AppProps {
  readonly state: PageState;
  readonly place: PagePlace;
  readonly onWant: (rows: RowsWanted) => void;
}

/** The whole page: a function of what is known. */
export function App({ onWant, place, state }: AppProps) {
  const { connection, detail, knownAt, log, pools } = state;
  const selected = selectedPool(state);
  const shown = detail?.pool.name === selected ? detail : undefined;
  const isGone = connection.kind === "gone";
  return (
    <FrozenAt.Provider value={isGone ? knownAt : undefined}>
      <a class="skip" href="#main">
        Skip to the verdict
      </a>
      <div class={isGone && knownAt !== undefined ? "page gone" : "page"}>
        <Banner state={state} />
        <main id="main" tabIndex={-1}>
          <h1 class="unseen">headwaiter</h1>
          <VerdictView state={state} />
          <Problems state={state} />
          {pools !== undefined && <PoolOverview pools={pools} selected={selected} />}
          {place.pool !== undefined && pools !== undefined && place.pool !== selected && (
            <p class="note">
              There is no pool “<Shown text={place.pool} />” now.
            </p>
          )}
          <div class="columns">
            {shown && <PoolSection detail={shown} state={state} onWant={onWant} />}
            {pools?.length === 0 && <NoPools />}
            <TimelineView log={log} pools={pools?.map(({ name }) => name) ?? []} target={place.event} />
            <Actions pool={selected} head={shown?.pool.head?.address} />
          </div>
        </main>
        <Footer pool={selected} />
      </div>
    </FrozenAt.Provider>
  );
}

function NoPools() {
  return (
    <section class="pool empty" aria-label="No pools">
      <h2>No pools</h2>
      <p>A pool is a name with the servers that are interchangeable. This line makes one:</p>
      <p>
        <code>{'pools: { nomad: { servers: ["10.0.0.1:4647"] } }'}</code>
      </p>
    </section>
  );
}

function Footer({ pool }: { readonly pool: string | undefined }) {
  return (
    <footer>
      <p>
        Times are UTC, by the agent’s clock. The same for programs:{" "}
        {pool !== undefined && (
          <>
            <a href={`/v1/pools/${encodeURIComponent(pool)}/explain`}>explain</a>,{" "}
          </>
        )}
        <a href="/v1/pools">pools</a>, <a href="/v1/events">events</a>, <a href="/metrics">metrics</a>,{" "}
        <a href="/v1/openapi.json">description</a>.
      </p>
    </footer>
  );
}
