/**
 * What the agent takes to start and to run, beside Node alone and a client agent of a real Consul in the same rounds:
 * `footprint.ts [--rounds N] [--idle N] [--save FOLDER] [PROGRAM…]`, by default 10 starts of the built program and 3 of
 * its idle times of five minutes. PROGRAM is the `dist/cli/main.js` of a build; several take turns. Prints medians as a
 * table; `--save` also writes it and a chart.
 * Run by `npm run bench:footprint`, on a loopback interface of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAM } from "../lab/first-answer.ts";
import { emptyFootprint, type Footprint, measureStart, runMs } from "../lab/footprint.ts";
import { measureIdle } from "../lab/idle.ts";
import { median } from "../lab/median.ts";
import { consulBinary } from "./dns-contenders.ts";
import { PANEL_WIDTH, panel } from "./dns-report.ts";

const { values: options, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    idle: { type: "string", default: "3" },
    save: { type: "string" },
  },
  allowPositionals: true,
});

interface Subject {
  readonly name: string;
  readonly found: Footprint;
}

interface Figure {
  readonly what: string;
  readonly key: keyof Footprint;
  readonly unit: string;
}

const FIGURES: readonly Figure[] = [
  { what: "a command that does nothing", key: "commandMs", unit: "ms" },
  { what: "start to the first answer", key: "firstAnswerMs", unit: "ms" },
  { what: "the same, known from the state file alone", key: "rememberedMs", unit: "ms" },
  { what: "memory, RSS", key: "residentMb", unit: "MB" },
  { what: "memory that is not shared", key: "privateMb", unit: "MB" },
  { what: "processor when idle", key: "idleMsPerSecond", unit: "ms/s" },
];

/** Figures of a chart, which need a value of each subject. */
const DRAWN: readonly (keyof Footprint)[] = ["firstAnswerMs", "residentMb", "idleMsPerSecond"];

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "headwaiter-footprint-"));
  try {
    const binary = consulBinary(folder);
    const alone: Subject = { name: "Node alone", found: emptyFootprint() };
    const consul: Subject = { name: "Consul, client agent", found: emptyFootprint() };
    const programs = positionals.length === 0 ? [PROGRAM] : positionals;
    const builds = programs.map((program) => ({
      program,
      name: programs.length === 1 ? "headwaiter" : program,
      found: emptyFootprint(),
    }));
    const load = loadavg()[0] ?? 0;
    for (let round = 0; round < Number(options.rounds); round += 1) {
      alone.found.commandMs.push(runMs(process.execPath, ["-e", "0"]));
      consul.found.commandMs.push(runMs(binary, ["version"]));
      for (const { found, program } of builds) {
        await measureStart(program, found);
      }
      if (round < Number(options.idle)) {
        await measureIdle(binary, folder, builds, consul.found);
      }
      console.error(
        `round ${round + 1} of ${options.rounds}, load average ${loadavg()[0]?.toFixed(1) ?? "?"}`,
      );
    }
    report([...builds, consul, alone], load);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(subjects: readonly Subject[], load: number): void {
  const rows = FIGURES.map(({ key, unit, what }) => {
    const cells = subjects.map(({ found }) =>
      found[key].length === 0 ? "–" : `${shown(median(found[key]))} ${unit}`,
    );
    return `| ${what} | ${cells.join(" | ")} |`;
  });
  const table = [
    `| medians of ${options.rounds} starts and ${options.idle} idle times | ${subjects.map(({ name }) => name).join(" | ")} |`,
    `|---|${"---|".repeat(subjects.length)}`,
    ...rows,
  ].join("\n");
  console.log(`${table}\n\nload average at the start: ${load.toFixed(1)}`);
  if (options.save !== undefined) {
    const text = `# Footprint, measured\n\n\`npm run bench:footprint\`, load average at the start ${load.toFixed(1)}.\n\n${table}\n`;
    writeFileSync(join(options.save, "footprint-benchmark.md"), text);
    writeFileSync(join(options.save, "footprint-benchmark.svg"), chart(subjects));
  }
}

function chart(subjects: readonly Subject[]): string {
  const panels = FIGURES.filter(({ key }) => DRAWN.includes(key)).map(({ key, unit, what }, nth) => {
    const drawn = subjects.filter(({ found }) => found[key].length > 0);
    const bars = panel(`${what}, ${unit}: less is better`, drawn, ({ found }) => median(found[key]), shown);
    return `<g transform="translate(0 ${nth * PANEL_HEIGHT})">${bars}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${PANEL_WIDTH}" height="${panels.length * PANEL_HEIGHT}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
${panels.join("\n")}
</svg>
`;
}

const PANEL_HEIGHT = 110;

function shown(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

await main();
