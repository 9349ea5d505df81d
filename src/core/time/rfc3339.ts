/** Milliseconds since the Unix epoch as people and programs read them: RFC 3339, UTC, with milliseconds. */
export function rfc3339(ms: number): string {
  // eslint-disable-next-line no-restricted-globals -- it writes down a given moment, and reads no clock
  return new Date(ms).toISOString();
}
