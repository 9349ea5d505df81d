/** Words of the timeline and of explanations. */
import type { Change } from "../snapshot-feed.ts";

export function changesInWords({ added, moved, removed }: Change["counts"]): string {
  const parts = [
    added > 0 && `${added} came`,
    removed > 0 && `${removed} left`,
    moved > 0 && `${moved} moved`,
  ];
  return parts.filter(Boolean).join(", ") || "what is known of a server changed";
}

export function milliseconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

export function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** A span of time as people say it: "0.3 s", "41 s", "4 min", "2 h". */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 119.5) {
    return `${Math.round(seconds)} s`;
  }
  return seconds < 7_170 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
