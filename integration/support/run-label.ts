/** The label by which `scripts/sweep` finds what a run has left. */
export const runLabel = (): Record<string, string> => {
  const run = process.env["HEADWAITER_RUN_ID"];
  if (run === undefined)
    throw new Error("HEADWAITER_RUN_ID is not set: run this through scripts/with-engine");
  return { "headwaiter.run": run };
};
