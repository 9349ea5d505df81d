import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { penaltyInWords, serverStateInWords } from "../../core/list-words.ts";
import { roundTripText } from "../../core/time/spans.ts";
import { useNow } from "../agent-clock.ts";
import type { PoolDetail } from "../model/page-state.ts";
import type { ServerReply } from "../model/replies.ts";
import { timeOf } from "../model/times.ts";
import { pagesOf, rowsSeen } from "../model/virtual-window.ts";
import type { RowsWanted } from "../reading/page-reader.ts";
import { memo } from "./memo.ts";
import { Scroll } from "./scroll.tsx";
import { Shown, Sign } from "./shown.tsx";

interface ServersProps {
  readonly detail: PoolDetail;
  readonly onWant: (rows: RowsWanted) => void;
}

/** The list in order, as `headwaiter servers` has it. Of a long one the rows are made, and read, that are seen. */
export const ServersTable = memo(({ detail: { pool, servers }, onWant }: ServersProps) => {
  const box = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  const [rowHeight, setRowHeight] = useState(36);
  const total = pool.servers_total;
  const { end, first } = rowsSeen({ ...seen, rowHeight, total });
  const { limit, offset } = pagesOf({ end, first });
  useEffect(() => {
    onWant({ limit, offset });
  }, [limit, offset]);
  useLayoutEffect(() => {
    const row = box.current?.querySelector("tr[aria-rowindex]:not(:first-child)");
    const height = row?.getBoundingClientRect().height;
    if (height !== undefined && height > 0 && Math.abs(height - rowHeight) > 0.5) {
      setRowHeight(height);
    }
  });
  const look = () => {
    if (box.current !== null) {
      setSeen({ top: box.current.scrollTop, height: box.current.clientHeight });
    }
  };
  const head = pool.head?.address;
  const rows = Array.from({ length: end - first }, (_, index) => first + index + 1);
  return (
    <Scroll
      label={`Servers of ${pool.name}`}
      class={end - first === total ? "servers whole" : "servers"}
      box={box}
      onScroll={look}
    >
      <table aria-rowcount={total + 1}>
        <caption class="unseen">Servers of {pool.name}</caption>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <span class="unseen">Role</span>
            </th>
            <th scope="col" class="number">
              #
            </th>
            <th scope="col">Server</th>
            <th scope="col">Tier</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              RTT
            </th>
            <th scope="col">Sources</th>
          </tr>
        </thead>
        <Space rows={first} rowHeight={rowHeight} />
        <tbody>
          {rows.map((position) => (
            <ServerRow
              key={position}
              position={position}
              server={servers.get(position)}
              isHead={servers.get(position)?.address === head}
            />
          ))}
        </tbody>
        <Space rows={total - end} rowHeight={rowHeight} />
      </table>
    </Scroll>
  );
});

/** As high as the rows that are not made. */
function Space({ rowHeight, rows }: { readonly rows: number; readonly rowHeight: number }) {
  return rows === 0 ? null : (
    <tbody aria-hidden="true">
      <tr>
        <td class="space" colSpan={7} style={{ height: `${rows * rowHeight}px` }} />
      </tr>
    </tbody>
  );
}

interface RowProps {
  readonly position: number;
  readonly server: ServerReply | undefined;
  readonly isHead: boolean;
}

const ServerRow = memo(({ isHead, position, server }: RowProps) => {
  if (server === undefined) {
    return (
      <tr aria-rowindex={position + 1}>
        <td />
        <td class="number">{position}</td>
        <td colSpan={5} class="quiet">
          being read …
        </td>
      </tr>
    );
  }
  const { address, claims, tier, watch } = server;
  return (
    <tr aria-rowindex={position + 1} class={isHead ? "head" : ""}>
      <td class="mark">
        {isHead ? (
          <span class="head-mark">
            <span aria-hidden="true">▶</span> head
          </span>
        ) : watch?.role === "standby" ? (
          <span class="quiet">
            <span aria-hidden="true">▷</span> next
          </span>
        ) : (
          ""
        )}
      </td>
      <td class="number">{position}</td>
      <th scope="row" class="address">
        <Shown text={address} />
      </th>
      <td>{tier ?? ""}</td>
      <td class="server-state">
        <ServerState server={server} />
      </td>
      <td class="number">{watch?.rtt_ms == null ? "" : roundTripText(watch.rtt_ms)}</td>
      <td>
        <Shown text={Object.keys(claims).join(", ")} />
      </td>
    </tr>
  );
});

function ServerState({ server: { down, penalty, watch } }: { readonly server: ServerReply }) {
  const now = useNow();
  const facts = {
    isDown: false,
    reason: down?.reason ?? undefined,
    phase: watch?.phase,
    role: watch?.role,
    since: timeOf(watch?.since_at),
  };
  const { text, tone } = serverStateInWords(facts, now);
  const chosen = penaltyInWords(timeOf(penalty?.until_at), now);
  return (
    <>
      <Sign tone={tone} /> <Shown text={text} />
      {chosen !== "" && <span class="penalty"> {chosen}</span>}
    </>
  );
}
