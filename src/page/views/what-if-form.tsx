import { useEffect, useRef, useState } from "preact/hooks";
import type { ExplanationReply } from "../model/replies.ts";
import { RefusedError, readJson } from "../reading/agent-reader.ts";
import { Shown, TimeAt } from "./shown.tsx";

const QUESTIONS = [
  ["fails", "this server failed"],
  ["removed", "this server left the list"],
  ["rebalance", "the list were rebalanced"],
  ["consul-empty", "Consul listed nobody"],
  ["contact-lost", "heartbeats stayed away"],
] as const;

/** Addresses that are offered; any other can be typed. */
const MOST_OFFERED = 64;

interface Answer {
  readonly question: string;
  readonly text: string;
  readonly at: string | null;
}

/** A dry run: the agent says what would become of the head, and changes nothing. */
export function WhatIfForm({ keys, pool }: { readonly pool: string; readonly keys: readonly string[] }) {
  const [question, setQuestion] = useState("fails");
  const [server, setServer] = useState("");
  const [answer, setAnswer] = useState<Answer>();
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    said.current?.focus();
  }, [answer]);
  const asksOfServer = question === "fails" || question === "removed";
  const about = server === "" ? (keys[0] ?? "") : server;
  const ask = async () => {
    const asked = asksOfServer ? `${question}:${about}` : question;
    setAnswer(await answerTo(pool, asked));
  };
  const listId = `servers-of-${pool}`;
  return (
    <form
      class="what-if"
      aria-label="What if"
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
    >
      <label class="field">
        What if
        <select
          value={question}
          onChange={({ currentTarget }) => {
            setQuestion(currentTarget.value);
          }}
        >
          {QUESTIONS.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {asksOfServer && (
        <label class="field">
          Server
          <input
            list={listId}
            value={server}
            placeholder={keys[0] ?? "host:port"}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => {
              setServer(currentTarget.value);
            }}
          />
          <datalist id={listId}>
            {keys.slice(0, MOST_OFFERED).map((key) => (
              <option key={key} value={key} />
            ))}
          </datalist>
        </label>
      )}
      <button type="submit">Ask</button>
      {answer && (
        <p class="answer" ref={said} tabIndex={-1}>
          <span class="quiet">
            <Shown text={answer.question} />
            {answer.at !== null && (
              <>
                {" "}
                at <TimeAt at={answer.at} />
              </>
            )}
            :
          </span>{" "}
          <Shown text={answer.text} />
        </p>
      )}
    </form>
  );
}

async function answerTo(pool: string, question: string): Promise<Answer> {
  const path = `/v1/pools/${encodeURIComponent(pool)}/explain?if=${encodeURIComponent(question)}`;
  try {
    const { at, what_if: answers } = await readJson<ExplanationReply>(path, new AbortController().signal);
    const found = answers.find((answer) => answer.if === question);
    return { question, at, text: found?.text ?? "nobody can tell" };
  } catch (error) {
    const text = error instanceof RefusedError ? error.message : "the agent does not answer";
    return { question, at: null, text };
  }
}
