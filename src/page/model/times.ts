/** Moments as the page writes them: in UTC, as the agent's own texts are. */

const DAY_MS = 86_400_000;

/** `undefined` for `null`, and for what is no time. */
export function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** `12:00:04`, with its date when it is more than a day from now. */
export function clockText(time: number, now: number): string {
  const text = new Date(time).toISOString();
  return Math.abs(now - time) < DAY_MS ? text.slice(11, 19) : `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

/** `12:00:04.117`, with its date when that is another day. */
export function exactText(time: number, now: number): string {
  const text = new Date(time).toISOString();
  const isToday = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return isToday ? text.slice(11, 23) : `${text.slice(0, 10)} ${text.slice(11, 23)}`;
}

/** The last moment with this time of day, `03:12` or `03:12:30`; `undefined` when it is none. */
export function lastMomentAt(timeOfDay: string, now: number): number | undefined {
  const [, hours, minutes, seconds = "0"] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(timeOfDay.trim()) ?? [];
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (!(h < 24 && m < 60 && s < 60)) {
    return undefined;
  }
  const today = new Date(now).setUTCHours(h, m, s, 0);
  return today <= now ? today : today - DAY_MS;
}

/** What remains until a moment: `in 41 s`, `in 12 min 5 s`; `now` when it is there. */
export function countdownText(untilMs: number): string {
  const seconds = Math.ceil(untilMs / 1_000);
  if (seconds <= 0) {
    return "now";
  }
  if (seconds < 60) {
    return `in ${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `in ${minutes} min ${seconds % 60} s`;
  }
  return minutes < 48 * 60
    ? `in ${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `in ${Math.floor(minutes / 1_440)} d`;
}
