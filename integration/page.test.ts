/** The agent's page in a real browser, before a real agent whose servers, Consul and settings really fail. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { serverAt, startServers } from "../scripts/lab/server-process.ts";
import { until } from "../scripts/lab/until.ts";
import { startChromium } from "./support/chromium.ts";
import { ConsulContainer } from "./support/consul-container.ts";
import { PageAgent } from "./support/page-agent.ts";
import { SeenPage } from "./support/seen-page.ts";
import { WatchedProxy } from "./support/watched-proxy.ts";

let browser: Browser;

/** A server that is killed closes its connections: no ping has to be late, and none is late on a busy machine. */
const HEALTH = { timeout: "30s" };
/** A query of Consul that waits is given up after 11 s at most, then the page has its pace. */
const HANG_SAID_WITHIN_MS = 20_000;
/** After an agent was away the page pauses for up to 8 s. */
const BACK_WITHIN_MS = 40_000;
const VIEWPORT = { width: 1000, height: 800 };

before(async () => {
  browser = await startChromium();
});
after(async () => {
  await browser.close();
});

/** Says how long the page took, for people who read the test's output. */
function tell(t: TestContext, what: string, ms: number): void {
  t.diagnostic(`${what}: the page says so after ${Math.round(ms)} ms`);
}

/** Suites wait for different things: two at a time, the tests of each one after the other. */
suite("the page", { concurrency: 2 }, () => {
  suite("a bad day of one pool", { concurrency: 1 }, () => {
    let consul: ConsulContainer;
    let cluster: Awaited<ReturnType<typeof startServers>>;
    let agent: PageAgent;
    let seen: SeenPage;
    const stage = new AsyncDisposableStack();
    const settings = (servers: readonly string[]) => ({
      consul: { address: `http://127.0.0.1:${consul.httpPort}`, wait: "1s" },
      pools: { nomad: { servers, backups: { tag: null }, heartbeat: "none", health: HEALTH } },
    });

    before(async () => {
      consul = stage.use(await ConsulContainer.start());
      cluster = stage.use(await startServers(3));
      for (const { port } of cluster.servers) {
        await consul.http.register({ name: "nomad", id: `nomad-${port}`, address: "127.0.0.1", port });
      }
      agent = stage.use(await PageAgent.start(settings(cluster.addresses.slice(0, 2))));
      const context = stage.use(await browser.newContext({ viewport: VIEWPORT }));
      seen = await SeenPage.open(context, agent.httpPort);
    });
    after(() => stage.disposeAsync());

    const head = async () => ((await agent.ask("/v1/pools/nomad")) as { head_address: string }).head_address;

    test("a normal day: who is head, and that all is well", async () => {
      await seen.says(seen.verdict, new RegExp(`^${await head()} is the head`));
      await seen.says(seen.banner, /ok.*serving.*live/s);
      // Noticed later: see below.
      await consul.pause();
      await seen.isInOrder("normal");
    });

    test("every control is reached by the keyboard, and is seen to be", async () => {
      assert.deepEqual(await seen.notReachedByKeyboard(), []);
    });

    test("a what-if is asked by the keyboard alone", async () => {
      const form = seen.page.getByRole("form", { name: "What if" });
      await form.getByRole("combobox", { name: "What if" }).focus();
      await seen.page.keyboard.press("ArrowDown");
      await seen.page.keyboard.press("Tab");
      await seen.page.keyboard.type(await head());
      await seen.page.keyboard.press("Enter");
      await seen.says(form, new RegExp(`removed:${await head()}`));
      assert.match(await seen.focused(), /removed:/);
    });

    test("nothing has to be scrolled sideways on a narrow screen", async () => {
      await seen.page.setViewportSize({ width: 320, height: 700 });
      assert.deepEqual(await seen.tooWide(), []);
      await seen.isInOrder("narrow");
      await seen.page.setViewportSize(VIEWPORT);
    });

    test("the head is killed: who is head now", async (t) => {
      const killed = serverAt(cluster.servers, await head());
      const begunAt = performance.now();
      killed.kill();
      tell(
        t,
        "the head is killed",
        await seen.says(seen.verdict, new RegExp(`because ${killed.address} failed`), begunAt),
      );
      await seen.says(seen.row(killed.address), /not chosen for \d+ s/);
      await seen.says(seen.events, new RegExp(`head-changed.*${killed.address}`, "s"));
      await seen.isInOrder();
    });

    test("Consul hangs: what fails, and when it last answered", async (t) => {
      const failing = seen.page.getByRole("region", { name: "Problems" });
      await seen.says(failing, /consul-failing.*last success/s, performance.now(), HANG_SAID_WITHIN_MS);
      // By now; the agent noticed it by itself, 11 s after the last answer.
      t.diagnostic(
        `Consul hangs: the page says so at most ${await agent.msSince("source-failed")} ms after the agent`,
      );
      await seen.says(seen.banner, /degraded/);
      await seen.isInOrder("consul-hangs");
    });

    test("no server answers: an outage", async (t) => {
      const begunAt = performance.now();
      for (const server of cluster.servers) {
        server.kill();
      }
      tell(t, "all are killed", await seen.says(seen.verdict, /^No listed server of nomad answers/, begunAt));
      await seen.isInOrder("outage");
      await Promise.all(cluster.servers.map((server) => server.restart()));
    });

    test("the agent is gone: what was known, and when", async (t) => {
      const begunAt = performance.now();
      await agent.kill();
      const gone = /^No answer from the agent since .* What is shown was known at/;
      tell(t, "the agent is killed", await seen.says(seen.verdict, gone, begunAt));
      await seen.says(seen.row(cluster.addresses[0] ?? ""), /primary/);
      await seen.isInOrder("agent-gone");
    });

    test("it is back, and every source is dead: what it remembers, and that events are missing", async (t) => {
      agent.configure(settings([]));
      await agent.start();
      const begunAt = performance.now();
      // After pauses that become longer, of 30 s at most.
      const took = await seen.says(seen.verdict, /^The list of nomad is only remembered/, begunAt, 40_000);
      tell(t, "the agent is back", took);
      await seen.says(seen.page.getByRole("region", { name: "Pool nomad" }), /remembered, \d+ (s|min) ago/);
      await seen.says(seen.events, /the lists were read anew/);
      await seen.isInOrder("stale");
    });

    test("all are back", async (t) => {
      await consul.unpause();
      const begunAt = performance.now();
      tell(t, "Consul goes on", await seen.says(seen.verdict, /^127\.0\.0\.1:\d+ is the head/, begunAt));
      await seen.says(seen.banner, /ok.*serving.*live/s);
      await seen.isInOrder();
    });
  });

  suite("an agent that is set up", { concurrency: 1 }, () => {
    const TOKEN = "the-right-token";
    const EMPTY = { pools: { web: { heartbeat: "push", ping: "none", backups: null } } };
    let agent: PageAgent;
    let proxy: WatchedProxy;
    let seen: SeenPage;
    const stage = new AsyncDisposableStack();

    before(async () => {
      agent = stage.use(await PageAgent.start(EMPTY));
      proxy = stage.use(await WatchedProxy.start(agent.httpPort));
      const context = stage.use(await browser.newContext({ viewport: VIEWPORT }));
      seen = await SeenPage.open(context, proxy.port);
    });
    after(() => stage.disposeAsync());

    const push = (servers: readonly string[], leader = servers[0] ?? "") =>
      agent.ask("/v1/pools/web/heartbeat", "PUT", {
        servers: servers.map((address) => ({ address })),
        leader,
        num_nodes: 3,
        ttl_seconds: 60,
      });

    test("a pool without servers: what is waited for, and the line that would help", async () => {
      await seen.says(seen.verdict, /web/);
      const pool = seen.page.getByRole("region", { name: "Pool web" });
      await seen.says(pool, /pools: \{ web: \{ servers: \["10\.0\.0\.1:4647"\] \} \}/);
      await seen.isInOrder("empty");
    });

    test("texts of others are texts: markup, terminal codes, letters that turn the direction", async () => {
      const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script> \u001b[31mred \u202Eevil\u202C`;
      await push(["127.0.0.1:1", "127.0.0.1:2", `${evil}:80`], `<b>${evil}</b>`);
      await seen.says(seen.verdict, /^127\.0\.0\.1:\d is the head/);
      const { head_address: head } = (await agent.ask("/v1/pools/web")) as { head_address: string };
      await agent.ask(`/v1/pools/web/servers/${head}/failed`, "POST", {
        reason: "<i>late</i>",
        client: "<u>me</u>",
      });
      await seen.says(seen.events, /<i>late<\/i>/);
      const made = await seen.page.locator("img, script:not([src]), b:has(img), i, u").count();
      assert.equal(made, 0);
      const text = await seen.page.locator("body").innerText();
      assert.doesNotMatch(text, /[^\P{Cc}\n\t]|\p{Bidi_Control}/u);
      await seen.isInOrder();
    });

    test("more happens than is held while the page is cut off: that events are missing, and the present list", async (t) => {
      await proxy.cut();
      await seen.says(seen.verdict, /^No answer from the agent/);
      // Three events each: another list, another head, another leader.
      for (let port = 1_000; port < 1_350; port += 1) {
        await push([`127.0.0.1:${port}`]);
      }
      const begunAt = performance.now();
      await proxy.mend();
      const took = await seen.says(seen.verdict, /^127\.0\.0\.1:1349 is the head/, begunAt, BACK_WITHIN_MS);
      tell(t, "the page is back", took);
      // Far down, after a thousand events: what is missing is shown whatever is filtered.
      const severity = seen.page.getByRole("combobox", { name: "Severity" });
      await severity.selectOption("error");
      const anew = /^\D*\d+ events? .*the lists were read anew/;
      await seen.says(seen.events, anew, performance.now(), BACK_WITHIN_MS);
      await seen.isInOrder("gap", seen.events);
      await severity.selectOption("");
    });

    test("a configuration that can't be used is refused, with its own words", async () => {
      agent.configure({ pools: { web: { heartbeat: "sometimes" } } });
      const actions = seen.page.getByRole("region", { name: "Report and reload" });
      await actions.getByRole("button", { name: "Reload the configuration" }).click();
      await seen.says(actions, /pools\.web\.heartbeat.*expected/s);
      await seen.says(seen.events, /config-refused/);
      await seen.isInOrder();
    });

    test("a write without the token is refused, and taken with it", async () => {
      writeFileSync(join(agent.directory, "token"), TOKEN);
      const http = { token_file: join(agent.directory, "token") };
      agent.configure({ ...EMPTY, http });
      const actions = seen.page.getByRole("region", { name: "Report and reload" });
      const reload = actions.getByRole("button", { name: "Reload the configuration" });
      await reload.click();
      await seen.says(actions, /reloaded; changed: http\.token_file/);
      await reload.click();
      await seen.says(actions, /expected the token of http\.token_file/);
      await seen.isInOrder("token-refused", actions);
      await actions.getByRole("textbox", { name: "Token" }).fill(TOKEN);
      // A template alone is no pool.
      agent.configure({ pools: { "*": {} }, http });
      await reload.click();
      await seen.says(actions, /pools removed: web/);
    });

    test("no pools: a line that makes one", async () => {
      await seen.says(seen.verdict, /^The agent has no pools/);
      await seen.page.getByRole("combobox", { name: "Kind" }).selectOption("pool-removed");
      await seen.says(seen.events, /the pool is gone/);
      assert.equal(await seen.events.getByRole("listitem").count(), 1);
      await seen.isInOrder("no-pools");
    });
  });

  suite("many tabs", { concurrency: 1 }, () => {
    let agent: PageAgent;
    let proxy: WatchedProxy;
    const stage = new AsyncDisposableStack();

    before(async () => {
      const web = { servers: ["127.0.0.1:1"], ping: "none", backups: null };
      agent = stage.use(await PageAgent.start({ pools: { web } }));
      proxy = stage.use(await WatchedProxy.start(agent.httpPort));
    });
    after(() => stage.disposeAsync());

    test("ten of one browser have one stream; when its tab is closed another has it", async () => {
      const context = await browser.newContext({ viewport: VIEWPORT });
      const tabs = await Promise.all(Array.from({ length: 10 }, () => SeenPage.open(context, proxy.port)));
      await Promise.all(tabs.map((tab) => tab.says(tab.verdict, /^127\.0\.0\.1:1 is the head/)));
      await until(() => proxy.streams === 1);
      await agent.ask("/v1/agent/servers?address=127.0.0.1:2", "PUT");
      await Promise.all(tabs.map((tab) => tab.says(tab.events, /list-changed/)));
      assert.equal(proxy.streams, 1);
      for (const tab of tabs.slice(0, 9)) {
        await tab.page.close();
      }
      await until(() => proxy.streams === 1);
      await agent.ask("/v1/agent/servers?address=127.0.0.1:3", "PUT");
      await tabs[9]?.says(tabs[9].row("127.0.0.1:3"), /127/);
      await context.close();
      await until(() => proxy.streams === 0);
    });

    test("one that nobody sees asks for nothing, and is fresh when it is seen again", async () => {
      const cdp = await browser.newBrowserCDPSession();
      const url = `http://127.0.0.1:${proxy.port}/ui/`;
      const { targetId } = await cdp.send("Target.createTarget", { url });
      await until(() => proxy.streams === 1);
      const { targetId: other } = await cdp.send("Target.createTarget", { url: "about:blank" });
      await until(() => proxy.streams === 0);
      // What was under way may end.
      await sleep(500);
      const { length } = proxy.asked;
      // The page looks every 5 s, and is told of what happens at once.
      await agent.ask("/v1/agent/servers?address=127.0.0.1:4", "PUT");
      await sleep(6_000);
      assert.deepEqual(proxy.asked.slice(length), []);
      await cdp.send("Target.activateTarget", { targetId });
      await until(
        () =>
          proxy.streams === 1 && proxy.asked.slice(length).some((path) => path.startsWith("/v1/pools/web?")),
      );
      await cdp.send("Target.closeTarget", { targetId: other });
      await cdp.send("Target.closeTarget", { targetId });
      await until(() => proxy.streams === 0);
    });
  });
});
