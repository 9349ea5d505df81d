/**
 * What the page costs a browser: `node scripts/bench/page.ts [MINUTES]`. A list of 10,000 servers among 100 pools is
 * opened and scrolled; then, for so many minutes (default 1), ten events a second come, the heap is measured after a
 * collection each minute, and a control is used. Prints figures, and ends by itself. Needs `chromium` and a build.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { AgentProcess } from "../lab/agent-process.ts";
import { median } from "../lab/median.ts";
import { until } from "../lab/until.ts";

const MINUTES = Number(process.argv[2] ?? 1);
const POOLS = 100;
const SERVERS = 10_000;
const EVENTS_PER_SECOND = 10;

/** The document's own measurements: when it was first painted, and tasks that kept it from answering. */
const MEASURE = `globalThis.longTasks = [];
new PerformanceObserver((list) => {
  longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
}).observe({ type: "longtask", buffered: true });`;

async function main(): Promise<void> {
  execFileSync(join(import.meta.dirname, "../dns-peers"), ["browser"], { stdio: "inherit" });
  const executablePath = execFileSync("/bin/sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
  const pool = { heartbeat: "push", ping: "none", backups: null };
  const pools = Object.fromEntries(Array.from({ length: POOLS }, (_, nth) => [`pool-${nth}`, pool]));
  await using agent = await AgentProcess.start({ pools, log: { level: "info" } });
  await push(agent, "pool-0", SERVERS);
  for (let nth = 1; nth < POOLS; nth += 1) {
    await push(agent, `pool-${nth}`, 3);
  }
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false, args: ["--disable-gpu"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1_000, height: 800 } });
    await page.addInitScript(MEASURE);
    await measureOpening(page, `http://127.0.0.1:${agent.httpPort}/ui/#pool-pool-0`);
    await measureScrolling(page);
    await measureLongRun(page, agent);
  } finally {
    await browser.close();
  }
}

/** Another list of so many servers; `turn` says which is first. */
async function push(agent: AgentProcess, pool: string, size: number, turn = 0): Promise<void> {
  const servers = Array.from({ length: size }, (_, nth) => {
    const host = (nth + turn) % 65_000;
    return { address: `10.${nth % 8}.${host >> 8}.${host & 255}:4647` };
  });
  const body = { servers, leader: servers[0]?.address ?? "", num_nodes: 3, ttl_seconds: 7_200 };
  const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools/${pool}/heartbeat`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!reply.ok) {
    throw new Error(`a heartbeat for ${pool}: ${reply.status} ${await reply.text()}`);
  }
}

async function measureOpening(page: Page, url: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await page.goto("about:blank");
    await page.goto(url);
    const table = page.getByRole("table", { name: "Servers of pool-0" });
    await table.getByRole("row").nth(3).waitFor();
    times.push(await page.evaluate<number>("performance.now()"));
  }
  const paint = await page.evaluate<number>(
    `performance.getEntriesByName("first-contentful-paint")[0].startTime`,
  );
  console.log(`${SERVERS} servers, ${POOLS} pools: first contentful paint ${Math.round(paint)} ms`);
  console.log(
    `the list is there ${Math.round(median(times))} ms after the start (median of ${times.length})`,
  );
}

async function measureScrolling(page: Page): Promise<void> {
  const region = page.getByRole("table", { name: "Servers of pool-0" }).locator("xpath=..");
  await region.hover();
  await page.evaluate("longTasks.length = 0");
  for (let turn = 0; turn < 200; turn += 1) {
    await page.mouse.wheel(0, 1_500);
    await sleep(20);
  }
  await region.focus();
  await page.keyboard.press("End");
  await region.getByText(new RegExp(`^${SERVERS}$`)).waitFor();
  const tasks = await page.evaluate<number[]>("longTasks");
  console.log(
    `scrolled to the end: ${tasks.length} tasks over 50 ms, the longest ${Math.max(0, ...tasks)} ms`,
  );
}

async function measureLongRun(page: Page, agent: AgentProcess): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await page.goto(`http://127.0.0.1:${agent.httpPort}/ui/#pool-pool-1`);
  await page.getByRole("region", { name: "Pool pool-1" }).waitFor();
  let turn = 0;
  const happens = async () => {
    // Another list, another head, another leader: three events.
    turn += 1;
    await push(agent, `pool-${1 + (turn % 9)}`, 3, turn);
  };
  const from = performance.now();
  const timer = setInterval(() => void happens(), (3 * 1_000) / EVENTS_PER_SECOND);
  try {
    for (let minute = 0; minute <= MINUTES; minute += 1) {
      await until(() => performance.now() - from >= Math.max(20_000, minute * 60_000), "a minute", 120_000);
      const clicks = [await clickMs(page), await clickMs(page), await clickMs(page)];
      const heap = (await heapBytes(cdp)) / 1e6;
      console.log(
        `${minute} min: ${3 * turn} events, heap ${heap.toFixed(2)} MB, a click answered in ${clicks.map(Math.round).join(", ")} ms`,
      );
    }
  } finally {
    clearInterval(timer);
  }
}

/** After a collection. */
async function heapBytes(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  return usedSize;
}

/** From a click on a control in the page until the next frame shows what it did. */
function clickMs(page: Page): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Pause");
    const before = button.getAttribute("aria-pressed");
    const from = performance.now();
    button.click();
    const look = () => {
      if (button.getAttribute("aria-pressed") === before) {
        requestAnimationFrame(look);
      } else {
        resolve(performance.now() - from);
      }
    };
    requestAnimationFrame(look);
  })`);
}

await main();
