/** Whether somebody looks into the running program with Node's own tools, which need USR1 and PROF. */
export function isWatchedByNode(): boolean {
  const flags = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  return /--(inspect(?!-port)|cpu-prof|prof)\b/.test(flags);
}
