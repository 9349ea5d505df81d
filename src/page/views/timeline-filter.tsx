import { useState } from "preact/hooks";
import type { LogFilter } from "../model/event-log.ts";

interface FilterProps {
  readonly filter: LogFilter;
  readonly kinds: readonly string[];
  readonly pools: readonly string[];
  readonly onFilter: (filter: LogFilter) => void;
  readonly onTime: (timeOfDay: string) => void;
}

/** Which events are shown, and from when. */
export function TimelineFilter({ filter, kinds, onFilter, onTime, pools }: FilterProps) {
  const [time, setTime] = useState("");
  return (
    <form
      class="filter"
      aria-label="Filter of the timeline"
      onSubmit={(event) => {
        event.preventDefault();
        onTime(time);
      }}
    >
      <Choice
        label="Kind"
        all="all kinds"
        value={filter.kind}
        values={kinds}
        onChoice={(kind) => {
          onFilter({ ...filter, kind });
        }}
      />
      <Choice
        label="Severity"
        all="info and above"
        value={filter.severity}
        values={["warn", "error"]}
        onChoice={(severity) => {
          onFilter({ ...filter, severity });
        }}
      />
      {pools.length > 1 && (
        <Choice
          label="Of pool"
          all="all pools"
          value={filter.pool}
          values={pools}
          onChoice={(pool) => {
            onFilter({ ...filter, pool });
          }}
        />
      )}
      <label class="field">
        At (UTC)
        <input
          class="time"
          value={time}
          placeholder="03:12"
          autocomplete="off"
          inputMode="numeric"
          onInput={({ currentTarget }) => {
            setTime(currentTarget.value);
          }}
        />
      </label>
      <button type="submit">Go to time</button>
    </form>
  );
}

interface ChoiceProps {
  readonly label: string;
  /** What an empty value is called. */
  readonly all: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChoice: (value: string) => void;
}

function Choice({ all, label, onChoice, value, values }: ChoiceProps) {
  // A kind that is chosen stays, also when the last event of it is gone.
  const offered = value === "" || values.includes(value) ? values : [value, ...values];
  return (
    <label class="field">
      {label}
      <select
        value={value}
        onChange={({ currentTarget }) => {
          onChoice(currentTarget.value);
        }}
      >
        <option value="">{all}</option>
        {offered.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
