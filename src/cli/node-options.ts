/** What Node itself was told, on the command line or by `NODE_OPTIONS`. */
export function nodeOptions(): readonly string[] {
  return [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
}

/** Whether somebody looks into the running program with Node's own tools, which need USR1 and PROF. */
export function isWatchedByNode(): boolean {
  return nodeOptions().some((option) => /^--(inspect(?!-port)|cpu-prof|prof)\b/.test(option));
}
