/** What leaves the machine in an archive holds no secret, even if an agent's answer did. */
import { withoutCredentials, withoutTokens } from "../../core/without-secrets.ts";
import { isJsonObject } from "../client/reading.ts";

const HIDDEN = "…";

/** Keys whose values are secrets, whatever they look like. The names of files with secrets are none. */
const SECRET_KEY = /(token|secret|password|credential|authorization|private_key)(?!.*(_file|_at|_ms)$)/i;

/** The agent's own random or computed words, which look like tokens. */
const KNOWN_WORD = /^(instance|from_instance|hash|config_hash|version)$/;

/** A JSON value without secrets. */
export function redactedValue(value: unknown, key = ""): unknown {
  if (SECRET_KEY.test(key) && value !== null && typeof value !== "boolean") {
    return HIDDEN;
  }
  if (typeof value === "string") {
    return KNOWN_WORD.test(key) ? value : redactedWords(value);
  }
  if (Array.isArray(value)) {
    return value.map((entry) => redactedValue(entry, key));
  }
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, redactedValue(entry, name)]))
    : value;
}

/** Prometheus' text: what stands in quotes is a label's value; names of series are ours, and long. */
export function redactedMetrics(text: string): string {
  return text.replace(/"((?:[^"\\]|\\.)*)"/g, (_, value: string) => `"${redactedWords(value)}"`);
}

export function redactedText(text: string): string {
  return text.split("\n").map(redactedWords).join("\n");
}

/** What may be an address loses what may be a password. */
function redactedWords(text: string): string {
  return withoutTokens(text.includes("://") ? withoutCredentials(text) : text);
}

/** A secret that is known is nowhere, whatever it looks like. */
export function withoutKnownSecret(text: string, secret: string | undefined): string {
  return secret === undefined ? text : text.replaceAll(secret, HIDDEN);
}
