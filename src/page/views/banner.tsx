import { useNow } from "../agent-clock.ts";
import type { Connection, PageState } from "../model/page-state.ts";
import { clockText } from "../model/times.ts";
import { Shown, Sign } from "./shown.tsx";

/** The agent and the connection to it. */
export function Banner({ state }: { readonly state: PageState }) {
  const { connection, self, status } = state;
  const word = status?.state ?? "state unknown";
  const tone =
    word === "ok" ? "good" : word === "failing" ? "bad" : word === "degraded" ? "warning" : "plain";
  return (
    <header class="banner">
      <p class="brand">
        <span aria-hidden="true" class="logo" />
        headwaiter
        {self && (
          <span class="version">
            <Shown text={self.version} />
          </span>
        )}
      </p>
      <dl class="facts">
        <div>
          <dt>Agent</dt>
          <dd>
            <Sign tone={tone} /> {word}
          </dd>
        </div>
        {self && (
          <div>
            <dt>DNS</dt>
            <dd>
              <Sign tone={self.dns.state === "serving" ? "good" : "bad"} /> <Shown text={self.dns.state} />{" "}
              <span class="quiet">
                <Shown text={self.dns.addresses.join(", ")} />
              </span>
            </dd>
          </div>
        )}
        <div>
          <dt>This page</dt>
          <dd>
            <ConnectionWords connection={connection} />
          </dd>
        </div>
        <div>
          <dt>Agent’s clock</dt>
          <dd>
            <ClockNow isKnown={self !== undefined} />
          </dd>
        </div>
      </dl>
    </header>
  );
}

function ConnectionWords({ connection }: { readonly connection: Connection }) {
  switch (connection.kind) {
    case "connecting":
      return (
        <>
          <Sign tone="plain" /> connecting
        </>
      );
    case "live":
      return (
        <>
          <Sign tone="good" /> live
        </>
      );
    case "refused":
      return (
        <>
          <Sign tone="bad" /> refused
        </>
      );
    case "gone":
      return (
        <>
          <Sign tone="bad" /> no answer, trying again
        </>
      );
  }
}

function ClockNow({ isKnown }: { readonly isKnown: boolean }) {
  const now = useNow();
  return <span class="quiet">{isKnown ? `${clockText(now, now)} UTC` : "not known"}</span>;
}
