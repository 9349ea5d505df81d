/** The agent's page as somebody sees it, with all that is wrong with it besides. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { FOCUSED, MARK_CONTROLS, MARK_OF_FOCUS, TELL_VIOLATIONS, TOO_WIDE } from "./page-scripts.ts";

/**
 * A second from a fault to the words for it is what a person may expect. Ten times that tells right from wrong on a
 * busy machine, and is what a page takes at most that is told nothing and looks every 5 s.
 */
const SAID_WITHIN_MS = 10_000;

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/** WCAG 2.2, levels A and AA. */
const ALL_RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };

/** In the dark nothing else differs. */
const COLOURS = { type: "rule", values: ["color-contrast"] };

/** What the browser itself writes into the console when an answer is a refusal, or there is none. */
const BROWSERS_OWN = /^Failed to load resource: /;

/** A folder that pictures are written to; by default none are made. */
const PICTURES = process.env["HEADWAITER_PAGE_PICTURES"];

export class SeenPage {
  readonly page: Page;
  readonly #wrong: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !BROWSERS_OWN.test(message.text())) {
        this.#wrong.push(`console: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.#wrong.push(`error: ${String(error)}`));
    page.on("dialog", (dialog) => {
      this.#wrong.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.origin !== origin) {
        this.#wrong.push(`request: ${request.url()}`);
      }
    });
  }

  /** Opened at the address of an agent, and with something to see. */
  static async open(context: BrowserContext, httpPort: number, place = ""): Promise<SeenPage> {
    const origin = `http://127.0.0.1:${httpPort}`;
    const seen = new SeenPage(await context.newPage(), origin);
    await seen.page.exposeFunction("tellViolation", (what: string) => seen.#wrong.push(`policy: ${what}`));
    await seen.page.addInitScript(TELL_VIOLATIONS);
    await seen.page.goto(`${origin}/ui/${place}`);
    await seen.verdict.waitFor();
    return seen;
  }

  /** The one sentence that is read out by itself. */
  get verdict(): Locator {
    return this.page.getByRole("region", { name: "Verdict" }).getByRole("status");
  }

  get banner(): Locator {
    return this.page.getByRole("banner");
  }

  /** The timeline's events, the newest first. */
  get events(): Locator {
    return this.page.getByRole("list", { name: "Events, newest first" });
  }

  /** Of a server in the list. */
  row(address: string): Locator {
    const list = this.page.getByRole("table", { name: /^Servers of/ });
    return list.getByRole("row").filter({ hasText: address });
  }

  /** Resolves with the milliseconds since `begunAt`, by `performance.now`, when the page says so. */
  async says(where: Locator, what: RegExp, begunAt = performance.now(), withinMs = SAID_WITHIN_MS) {
    const said = where.filter({ hasText: what }).first();
    await said.waitFor({ timeout: withinMs }).catch(async () => {
      const texts = (await where.allInnerTexts()).map((text) => text.slice(0, 1_000));
      assert.fail(`the page does not say ${String(what)}, but ${JSON.stringify(texts)}`);
    });
    return performance.now() - begunAt;
  }

  /**
   * Fails unless nothing was wrong so far, and nothing is by the rules of WCAG 2.2, levels A and AA, in light and dark.
   *
   * @param picture the name of pictures of it: see docs/page.md.
   * @param part what of the page they show: by default its beginning.
   */
  async isInOrder(picture?: string, part = this.banner): Promise<void> {
    const found: string[] = [];
    await part.scrollIntoViewIfNeeded();
    for (const [colours, rules] of [
      ["light", ALL_RULES],
      ["dark", COLOURS],
    ] as const) {
      await this.page.emulateMedia({ colorScheme: colours });
      await this.#draw(picture && `${picture}-${colours}`);
      found.push(...(await this.#violations(rules)).map((violation) => `${colours}: ${violation}`));
    }
    await this.page.emulateMedia({ colorScheme: "light" });
    assert.deepEqual([...found, ...this.#wrong], []);
  }

  /** Text of what has the focus. */
  focused(): Promise<string> {
    return this.page.evaluate<string>(FOCUSED);
  }

  /** Controls that Tab does not come to, or that don't show it. */
  async notReachedByKeyboard(): Promise<readonly string[]> {
    const controls = await this.page.evaluate<string[]>(MARK_CONTROLS);
    const reached = new Set<string>();
    // Once around, also when some come or go meanwhile.
    for (let presses = 0; presses < 2 * controls.length && reached.size < controls.length; presses += 1) {
      await this.page.keyboard.press("Tab");
      reached.add(await this.page.evaluate<string>(MARK_OF_FOCUS));
    }
    return controls.filter((control) => !reached.has(control));
  }

  /** Elements that make the page wider than its window. */
  tooWide(): Promise<readonly string[]> {
    return this.page.evaluate<string[]>(TOO_WIDE);
  }

  async #violations(rules: object): Promise<readonly string[]> {
    await this.page.evaluate(`globalThis.axe ?? (() => { ${AXE} })()`);
    const options = JSON.stringify({ runOnly: rules, resultTypes: ["violations"] });
    const { violations } = await this.page.evaluate<AxeResults>(`axe.run(document, ${options})`);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ failureSummary, html }) => `${id}: ${html}: ${failureSummary ?? ""}`),
    );
  }

  /** What is in the window. */
  async #draw(name: string | undefined): Promise<void> {
    if (PICTURES !== undefined && name !== undefined) {
      const cdp = await this.page.context().newCDPSession(this.page);
      const { data } = await cdp.send("Page.captureScreenshot", { format: "webp", quality: 50 });
      writeFileSync(join(PICTURES, `${name}.webp`), Buffer.from(data, "base64"));
      await cdp.detach();
    }
  }
}
