import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "../../scripts/lab/free-port.ts";
import { until } from "../../scripts/lab/until.ts";

interface Scrape {
  /** `host:port` of the HTTP of each agent. */
  readonly targets: readonly string[];
  /** Rules, as in a file of Prometheus. */
  readonly rules: string;
}

interface Alert {
  readonly state: "pending" | "firing";
  readonly labels: { readonly alertname: string; readonly pool?: string };
}

/** A real Prometheus on loopback that scrapes agents four times a second, and looks at its rules as often. */
export class Prometheus implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #url: string;
  #errors = "";

  private constructor(child: ChildProcess, directory: string, url: string) {
    this.#child = child;
    this.#directory = directory;
    this.#url = url;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
  }

  /** Resolves when it is ready. */
  static async start({ rules, targets }: Scrape): Promise<Prometheus> {
    const directory = mkdtempSync(join(tmpdir(), "headwaiter-prometheus-"));
    const config = {
      global: { scrape_interval: "250ms", scrape_timeout: "250ms", evaluation_interval: "250ms" },
      rule_files: ["rules.yaml"],
      scrape_configs: [{ job_name: "headwaiter", static_configs: [{ targets }] }],
    };
    writeFileSync(join(directory, "prometheus.yaml"), stringify(config));
    writeFileSync(join(directory, "rules.yaml"), rules);
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      "prometheus",
      [
        `--config.file=${join(directory, "prometheus.yaml")}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const prometheus = new Prometheus(child, directory, `http://${address}`);
    await until(
      () => prometheus.#isReady(),
      () => prometheus.#errors,
      20_000,
    );
    return prometheus;
  }

  /** The values of a query, by their labels as JSON. */
  async query(query: string): Promise<readonly { metric: Record<string, string>; value: number }[]> {
    const { result } = (await this.#get(`/api/v1/query?query=${encodeURIComponent(query)}`)) as {
      result: { metric: Record<string, string>; value: [number, string] }[];
    };
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Names of the alerts that fire, each with its pool where it has one, and once; in the order of the alphabet. */
  async firing(): Promise<readonly string[]> {
    const { alerts } = (await this.#get("/api/v1/alerts")) as { alerts: readonly Alert[] };
    const names = alerts
      .filter(({ state }) => state === "firing")
      .map(({ labels }) => [labels.alertname, labels.pool].filter(Boolean).join(" "));
    return [...new Set(names)].toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    if (this.#child.exitCode === null && this.#child.kill("SIGKILL")) {
      await ended;
    }
    rmSync(this.#directory, { recursive: true });
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) {
      throw new Error(`Prometheus ended: ${this.#errors}`);
    }
    return await fetch(`${this.#url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #get(path: string): Promise<unknown> {
    const reply = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(5_000) });
    return ((await reply.json()) as { data: unknown }).data;
  }
}
