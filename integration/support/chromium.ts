/** A browser of Debian's, without a window, which reaches nothing but loopback. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { type Browser, chromium } from "playwright-core";

const ROOT = resolve(import.meta.dirname, "../..");

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Installed where it is missing. With a profile of its own, which ends with it. */
export async function startChromium(): Promise<Browser> {
  execFileSync(join(ROOT, "scripts/dns-peers"), ["browser"], { stdio: "inherit" });
  const found = execFileSync("/bin/sh", ["-c", "command -v chromium"], { encoding: "utf8" });
  // Its sandbox needs rights that containers do not give.
  return await chromium.launch({ executablePath: found.trim(), chromiumSandbox: false, args: FLAGS });
}
