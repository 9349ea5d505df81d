/** One look at a number that may grow with the work done. */
export interface Sample {
  readonly done: number;
  readonly value: number;
}

/**
 * How much `value` grows per step: the median of the slopes between all pairs of samples (Theil and Sen). Up to 29 % of
 * the samples may be anything, such as a table that doubles once or memory that the system takes back.
 */
export function slopeOf(samples: readonly Sample[]): number {
  const slopes = samples.flatMap((one, i) =>
    samples.slice(i + 1).map((other) => (other.value - one.value) / (other.done - one.done)),
  );
  return slopes.toSorted((one, other) => one - other)[Math.floor(slopes.length / 2)] ?? Number.NaN;
}
