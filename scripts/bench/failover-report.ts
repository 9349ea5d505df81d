import { availableParallelism, loadavg } from "node:os";

export function say(line: string): void {
  console.log(line);
}

/** With the precision that a noisy machine deserves; "never" for what did not happen while it was waited for. */
export function cell(value: number): string {
  return Number.isFinite(value) ? (value < 10 ? value.toFixed(1) : value.toFixed(0)) : "never";
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function line(who: string, values: readonly number[]): string {
  const [median, p99, max] = [quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)].map(cell);
  return `  ${who.padEnd(32)} n ${String(values.length).padStart(3)}   median ${median}   p99 ${p99}   max ${max}`;
}

interface Measured {
  /** Milliseconds. */
  readonly closed: readonly number[];
  readonly ours: readonly number[];
  readonly consul: readonly number[];
  readonly requiredP99: number;
}

/** @returns whether the required figure was missed. */
export function report(what: string, { closed, ours, consul, requiredP99 }: Measured): boolean {
  const p99 = quantile(ours, 0.99);
  const isMissed = p99 > requiredP99;
  say(`${what} (${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1) ?? ""})`);
  say(`${line("headwaiter", ours)}   required p99 ≤ ${requiredP99} ${isMissed ? "✗" : "✓"}`);
  if (closed.length > 0) {
    say(line("  the kernel closes connections", closed));
    say(
      line(
        "  from then on",
        ours.map((value, round) => value - (closed[round] ?? Number.NaN)),
      ),
    );
  }
  if (consul.length > 0) {
    say(line("Consul DNS, TCP check every 1 s", consul));
  }
  if (Number.isFinite(quantile(consul, 1))) {
    const ratio = (share: number) => cell(quantile(consul, share) / quantile(ours, share));
    say(`  ${"ratio".padEnd(32)}         median ${ratio(0.5)} ×   p99 ${ratio(0.99)} ×   max ${ratio(1)} ×`);
  }
  return isMissed;
}
