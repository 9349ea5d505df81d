/** Wires the page: what is read, what is known, what is drawn. */
import { render } from "preact";
import { agentClock } from "./agent-clock.ts";
import { App } from "./app.tsx";
import { type PagePlace, placeIn } from "./model/place.ts";
import { titleOf } from "./model/verdict.ts";
import { browserClock } from "./reading/browser-ports.ts";
import { followByReads, followStream } from "./reading/news-sources.ts";
import { PageReader, type RowsWanted } from "./reading/page-reader.ts";
import { SharedNews } from "./reading/shared-news.ts";
import { lockTurns, noChannel, ownTurns, sharesTabs, tabChannel } from "./reading/tabs.ts";
import { Store } from "./store.ts";

const random = () => Math.random();

const shared = sharesTabs();
const newsPorts = {
  follow: shared ? followStream : followByReads,
  takeTurns: shared ? lockTurns : ownTurns,
  channel: shared ? tabChannel() : noChannel,
  clock: browserClock,
  random,
};

const root = document.getElementById("page") ?? document.body;
let place: PagePlace = placeIn(location.hash, { pool: undefined, event: undefined });
const store = new Store(draw);
const reader = new PageReader({
  state: () => store.state,
  tell: store.tell,
  clockSeen: (agentNow) => {
    agentClock.seen(agentNow);
  },
  agentNow: () => agentClock.now(),
  listen: (listener, signal) => new SharedNews(listener, newsPorts).run(signal),
  clock: browserClock,
  random,
});

const want = (rows: RowsWanted) => {
  reader.want(rows);
};

function draw(): void {
  const { state } = store;
  const title = titleOf(state);
  if (document.title !== title) {
    document.title = title;
  }
  render(<App state={state} place={place} onWant={want} />, root);
}

/** Looking is what costs: a page that nobody sees reads nothing, and leaves the stream to another tab. */
let looking: AbortController | undefined;

function lookOrRest(): void {
  const isSeen = document.visibilityState === "visible";
  if (isSeen && looking === undefined) {
    looking = new AbortController();
    void reader.run(looking.signal);
  } else if (!isSeen) {
    rest();
  }
}

function rest(): void {
  looking?.abort();
  looking = undefined;
}

function moved(): void {
  place = placeIn(location.hash, place);
  store.tell({ kind: "selected", pool: place.pool });
  reader.look();
  draw();
}

store.tell({ kind: "selected", pool: place.pool });
addEventListener("hashchange", moved);
document.addEventListener("visibilitychange", lookOrRest);
addEventListener("pagehide", rest);
addEventListener("pageshow", lookOrRest);
draw();
lookOrRest();
