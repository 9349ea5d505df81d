import { sourceInWords, sourceStateInWords } from "../../core/list-words.ts";
import { useNow } from "../agent-clock.ts";
import type { PoolReply, SourceReply } from "../model/replies.ts";
import { factsOf, rememberedIn, sourcesOf } from "../model/sources.ts";
import { memo } from "./memo.ts";
import { Scroll } from "./scroll.tsx";
import { Age, Countdown, Shown, Sign, TimeAt } from "./shown.tsx";

/** Who tells what about a pool, and how old that is. */
export const SourcesTable = memo(({ pool }: { readonly pool: PoolReply }) => {
  const { name } = pool;
  const stateFile = rememberedIn(pool);
  const rows = sourcesOf(pool.sources);
  return (
    <Scroll label={`Sources of ${name}`}>
      <table>
        <caption class="unseen">Sources of {name}</caption>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">State</th>
            <th scope="col">Last success</th>
            <th scope="col">Next</th>
            <th scope="col">Says</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([source, facts]) => (
            <SourceRow key={source} name={source} source={facts} />
          ))}
          {stateFile && (
            <tr>
              <th scope="row">state file</th>
              <td>
                <Sign tone="warning" /> remembered
              </td>
              <td>
                <TimeAt at={stateFile.saved_at} />{" "}
                <span class="quiet">
                  <Age at={stateFile.saved_at} />
                </span>
              </td>
              <td>
                expires <Countdown at={stateFile.expires_at} />
              </td>
              <td>{stateFile.servers} servers</td>
            </tr>
          )}
        </tbody>
      </table>
    </Scroll>
  );
});

function SourceRow({ name, source }: { readonly name: string; readonly source: SourceReply }) {
  const now = useNow();
  const { rest, word } = sourceStateInWords(factsOf(source), now);
  const tone = source.state === "ok" ? "good" : source.state === "failing" ? "bad" : "warning";
  const says = [
    source.servers === null ? undefined : `${source.servers} servers`,
    source.server === null ? undefined : `by ${source.server}`,
    source.datacenter === null ? undefined : `in ${source.datacenter}`,
    source.error?.text,
    ...source.warnings,
  ].filter((text) => text !== undefined);
  return (
    <tr>
      <th scope="row">{sourceInWords(name)}</th>
      <td>
        <Sign tone={tone} /> <Shown text={source.state === "ok" ? "ok" : `${word ?? ""} ${rest}`.trim()} />
      </td>
      <td>
        {source.last_success_at !== null && (
          <>
            <TimeAt at={source.last_success_at} />{" "}
            <span class="quiet">
              <Age at={source.last_success_at} />
            </span>
          </>
        )}
      </td>
      <td>
        {source.next_at !== null && <Countdown at={source.next_at} />}
        {source.empty_until_at !== null && (
          <>
            {" "}
            an empty list counts <Countdown at={source.empty_until_at} />
          </>
        )}
      </td>
      <td>
        <Shown text={says.join("; ")} />
      </td>
    </tr>
  );
}
