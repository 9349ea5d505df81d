/**
 * Reads the agent's JSON, which may be a newer agent's: keys that are missing, or not of the kind that we know, count
 * as not known. Texts come out printable, whoever wrote them. Never throws.
 */
import { printable } from "../../core/printable.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A verdict is some 200 characters. */
const LONGEST_READ = 1_000;

/** The value of this key, when it is an object; an empty one otherwise. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isJsonObject(value) ? value : {};
}

/** The objects in the list that is the value of this key. */
export function objectsAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The texts in the list that is the value of this key. */
export function textsAt(object: JsonObject, key: string): readonly string[] {
  const value = object[key];
  const texts = Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
  return texts.map((text) => printable(text, LONGEST_READ));
}

/** Absent when it is empty, too. */
export function textAt(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" && value !== "" ? printable(value, LONGEST_READ) : undefined;
}

export function numberAt(object: JsonObject, key: string): number | undefined {
  const value = object[key];
  return typeof value === "number" ? value : undefined;
}

/** A time in RFC 3339 as milliseconds since 1970. */
export function timeAt(object: JsonObject, key: string): number | undefined {
  const time = Date.parse(textAt(object, key) ?? "");
  return Number.isNaN(time) ? undefined : time;
}
