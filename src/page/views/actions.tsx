import { useEffect, useRef, useState } from "preact/hooks";
import { RefusedError, sendJson } from "../reading/agent-reader.ts";
import { Shown } from "./shown.tsx";

interface ActionsProps {
  /** The selected pool, and its head. */
  readonly pool: string | undefined;
  readonly head: string | undefined;
}

/** The only two things that the page changes. The token is in memory as long as the page is. */
export function Actions({ head, pool }: ActionsProps) {
  const [token, setToken] = useState("");
  const [said, setSaid] = useState("");
  const [isBusy, setBusy] = useState(false);
  const answer = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (said !== "") {
      answer.current?.focus();
    }
  }, [said]);
  const act = async (what: () => Promise<string>) => {
    setBusy(true);
    setSaid("");
    setSaid(await what().catch((error: unknown) => refusalInWords(error)));
    setBusy(false);
  };
  return (
    <section class="actions" aria-label="Report and reload">
      <h2>Report and reload</h2>
      <form
        class="token"
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        <label class="field">
          Token
          <input
            type="password"
            value={token}
            autocomplete="off"
            aria-describedby="token-note"
            onInput={({ currentTarget }) => {
              setToken(currentTarget.value.trim());
            }}
          />
        </label>
        <p class="quiet" id="token-note">
          Needed where the agent has <code>http.token_file</code>. It is kept nowhere.
        </p>
      </form>
      {pool !== undefined && (
        <ReportForm
          key={pool}
          pool={pool}
          head={head}
          isBusy={isBusy}
          onReport={(server, reason) => {
            void act(() => report(pool, server, reason, token));
          }}
        />
      )}
      <div class="buttons">
        <button
          type="button"
          disabled={isBusy}
          onClick={() => {
            void act(() => reload(true, token));
          }}
        >
          Try the configuration
        </button>
        <button
          type="button"
          disabled={isBusy}
          onClick={() => {
            void act(() => reload(false, token));
          }}
        >
          Reload the configuration
        </button>
      </div>
      {said !== "" && (
        <p class="answer" ref={answer} tabIndex={-1}>
          <Shown text={said} />
        </p>
      )}
    </section>
  );
}

function ReportForm({
  head,
  isBusy,
  onReport,
  pool,
}: {
  readonly pool: string;
  readonly head: string | undefined;
  readonly isBusy: boolean;
  readonly onReport: (server: string, reason: string) => void;
}) {
  const [server, setServer] = useState("");
  const [reason, setReason] = useState("");
  const reported = server === "" ? head : server;
  return (
    <form
      class="report"
      aria-label={`Report a failed server of ${pool}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (reported !== undefined) {
          onReport(reported, reason);
        }
      }}
    >
      <label class="field">
        Failed server
        <input
          value={server}
          placeholder={head ?? "host:port"}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => {
            setServer(currentTarget.value.trim());
          }}
        />
      </label>
      <label class="field">
        Reason
        <input
          value={reason}
          placeholder="timeout"
          maxLength={200}
          autocomplete="off"
          onInput={({ currentTarget }) => {
            setReason(currentTarget.value);
          }}
        />
      </label>
      <button type="submit" disabled={isBusy || reported === undefined}>
        Report failed
      </button>
      <p class="quiet">The agent asks the server at once; a report never moves the head by itself.</p>
    </form>
  );
}

async function report(pool: string, server: string, reason: string, token: string): Promise<string> {
  const path = `/v1/pools/${encodeURIComponent(pool)}/servers/${encodeURIComponent(server)}/failed`;
  const body = reason === "" ? {} : { reason };
  const { head, text, verdict } = await sendJson<{
    readonly verdict: string;
    readonly text: string;
    readonly head: string | null;
  }>(path, body, token);
  return `${verdict}: ${text}; the head is ${head ?? "none"}`;
}

async function reload(isDryRun: boolean, token: string): Promise<string> {
  const { applied, needs_restart, pools } = await sendJson<{
    readonly applied: readonly string[];
    readonly needs_restart: readonly string[];
    readonly pools: Readonly<Record<"added" | "removed" | "changed", readonly string[]>>;
  }>(`/v1/agent/reload${isDryRun ? "?dry_run=true" : ""}`, {}, token);
  const parts = [
    ["changed", applied],
    ["waits for a restart", needs_restart],
    ["pools added", pools.added],
    ["pools removed", pools.removed],
  ] as const;
  const told = parts
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}`);
  const changes = told.length === 0 ? "nothing changes" : told.join("; ");
  return isDryRun ? `a reload would be taken; ${changes}` : `reloaded; ${changes}`;
}

function refusalInWords(error: unknown): string {
  return error instanceof RefusedError ? error.message : "the agent does not answer";
}
