import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { StateTone } from "../../core/list-words.ts";
import { agentClock } from "../agent-clock.ts";
import {
  type EventLog,
  eventBefore,
  filtered,
  gapInWords,
  isGap,
  kindsIn,
  type LogFilter,
  type LogItem,
  NO_FILTER,
  reachesBackTo,
} from "../model/event-log.ts";
import type { EventReply } from "../model/replies.ts";
import { exactText, lastMomentAt } from "../model/times.ts";
import { memo } from "./memo.ts";
import { Age, Shown, Sign, TimeAt } from "./shown.tsx";
import { TimelineFilter } from "./timeline-filter.tsx";

/** Rows that are made at first, and with each wish for more. */
const ROWS = 50;

interface TimelineProps {
  readonly log: EventLog;
  readonly pools: readonly string[];
  /** Index of the event that the address of the page names. */
  readonly target: number | undefined;
}

/** What happened, newest first. */
export function TimelineView({ log, pools, target }: TimelineProps) {
  const [filter, setFilter] = useState<LogFilter>(NO_FILTER);
  const [paused, setPaused] = useState<EventLog>();
  const [rows, setRows] = useState(ROWS);
  const [note, setNote] = useState("");
  const shownLog = paused ?? log;
  const found = useMemo(() => filtered(shownLog.items, filter), [shownLog, filter]);
  const kinds = useMemo(() => kindsIn(shownLog.items), [shownLog]);
  const { isHeld, list } = useTarget(target, shownLog, () => {
    setFilter(NO_FILTER);
    setRows(Math.max(ROWS, placeOf(shownLog.items, target) + 20));
  });
  const back = reachesBackTo(log) ?? null;
  const goTo = (timeOfDay: string) => {
    const time = lastMomentAt(timeOfDay, agentClock.now());
    const event = time === undefined ? undefined : eventBefore(log.items, time);
    if (event === undefined) {
      setNote(time === undefined ? "Expected a time such as 03:12." : "Nothing is held from that time.");
    } else {
      setNote("");
      location.hash = `#event-${event.index}`;
    }
  };
  return (
    <section class="timeline" aria-label="Timeline">
      <h2>Timeline</h2>
      <TimelineFilter filter={filter} kinds={kinds} pools={pools} onFilter={setFilter} onTime={goTo} />
      <p class="timeline-state">
        <button
          type="button"
          aria-pressed={paused !== undefined}
          onClick={() => {
            setPaused(paused === undefined ? log : undefined);
          }}
        >
          Pause
        </button>
        <span class="quiet">
          {paused === undefined ? (
            back === null ? (
              log.last === undefined ? (
                "being read …"
              ) : (
                "nothing has happened yet"
              )
            ) : (
              <>
                reaches back to <TimeAt at={back} /> (<Age at={back} />)
              </>
            )
          ) : (
            `paused; ${log.taken - paused.taken} came since`
          )}
        </span>
      </p>
      {note !== "" && <p class="note">{note}</p>}
      {target !== undefined && !isHeld && log.last !== undefined && (
        <p class="note" id="event-not-held" tabIndex={-1}>
          Event {target} is not held any more
          {back !== null && (
            <>
              : the timeline reaches back to <TimeAt at={back} />
            </>
          )}
          .
        </p>
      )}
      <ol class="events" ref={list} aria-label="Events, newest first">
        {found.slice(0, rows).map((item) =>
          isGap(item) ? (
            <li key={`gap-${item.after}`} class="gap">
              <Sign tone="warning" /> {gapInWords(item)}; the lists were read anew
            </li>
          ) : (
            <EventRow key={item.index} event={item} isTarget={item.index === target} />
          ),
        )}
      </ol>
      {found.length > rows && (
        <button
          type="button"
          onClick={() => {
            setRows(rows + ROWS);
          }}
        >
          Show {Math.min(ROWS, found.length - rows)} older
        </button>
      )}
      {found.length === 0 && shownLog.items.length > 0 && <p class="quiet">No event fits the filter.</p>}
    </section>
  );
}

/** How far from the newest it is; 0 when it is not held. */
function placeOf(items: readonly LogItem[], target: number | undefined): number {
  const index = items.findIndex((item) => !isGap(item) && item.index === target);
  return index === -1 ? 0 : items.length - index;
}

/** Brings the event into view, once for each time that the address names it. */
function useTarget(target: number | undefined, log: EventLog, makeRoom: () => void) {
  const list = useRef<HTMLOListElement>(null);
  const reached = useRef<number | undefined>(undefined);
  const isHeld = target !== undefined && placeOf(log.items, target) > 0;
  useEffect(() => {
    if (target === undefined) {
      reached.current = undefined;
    }
    if (isHeld && reached.current !== target) {
      makeRoom();
    }
  }, [target, isHeld]);
  useEffect(() => {
    const row = isHeld && reached.current !== target ? document.getElementById(`event-${target}`) : null;
    if (row !== null) {
      reached.current = target;
      row.scrollIntoView({ block: "center" });
      row.focus({ preventScroll: true });
    }
  });
  return { list, isHeld };
}

const TONES: Readonly<Record<string, StateTone>> = { info: "plain", warn: "warning", error: "bad" };

const EventRow = memo(({ event, isTarget }: { readonly event: EventReply; readonly isTarget: boolean }) => {
  const { at, index, kind, pool, severity, summary } = event;
  return (
    <li id={`event-${index}`} class={`event ${severity}${isTarget ? " target" : ""}`} tabIndex={-1}>
      <span class="event-what">
        <a class="event-time" href={`#event-${index}`} title={`Event ${index}: ${at}`}>
          <time dateTime={at}>{exactText(Date.parse(at), agentClock.now())}</time>
        </a>
        <span class="event-severity">
          <Sign tone={TONES[severity] ?? "plain"} /> {severity}
        </span>
        <span class="event-pool">
          <Shown text={pool ?? "agent"} />
        </span>
        <span class="event-kind">{kind}</span>
      </span>
      <span class="event-summary">
        <Shown text={summary} />
        {typeof event["repeats"] === "number" && (
          <span class="quiet">
            {" "}
            ({event["repeats"]} times
            {typeof event["first_at"] === "string" && (
              <>
                {" "}
                since <TimeAt at={event["first_at"]} />
              </>
            )}
            )
          </span>
        )}
      </span>
    </li>
  );
});
