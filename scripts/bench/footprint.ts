/**
 * What the agent takes to start and to run, as medians: `node scripts/bench/footprint.ts [ROUNDS [PROGRAM…]]`, by
 * default 10 rounds of the built program. PROGRAM is the `dist/cli/main.js` of a build; several take turns.
 */
import { PROGRAM } from "../lab/first-answer.ts";
import { emptyFootprint, type Footprint, measure } from "../lab/footprint.ts";
import { median } from "../lab/median.ts";

/** Milliseconds in which what loading left over is let go of. */
const SETTLED_MS = 3_000;

const ROWS: readonly { readonly what: string; readonly figure: keyof Footprint; readonly unit: string }[] = [
  { what: "Node alone, `node -e 0`", figure: "nodeAloneMs", unit: "ms" },
  { what: "`headwaiter version`", figure: "versionMs", unit: "ms" },
  { what: "start to the first answer, configured servers", figure: "configuredMs", unit: "ms" },
  { what: "start to the first answer, state file alone", figure: "rememberedMs", unit: "ms" },
  { what: "memory, RSS", figure: "residentMb", unit: "MB" },
  { what: "memory that is not shared", figure: "privateMb", unit: "MB" },
];

const [rounds = "10", ...others] = process.argv.slice(2);
const builds = (others.length === 0 ? [PROGRAM] : others).map((program) => ({
  program,
  found: emptyFootprint(),
}));
for (let round = 0; round < Number(rounds); round += 1) {
  for (const { found, program } of builds) {
    await measure(program, found, SETTLED_MS);
  }
}
console.log(`| median of ${rounds} | ${builds.map(({ program }) => program).join(" | ")} |`);
console.log(`|---|${"---|".repeat(builds.length)}`);
for (const { figure, unit, what } of ROWS) {
  const medians = builds.map(({ found }) => `${Math.round(median(found[figure]))} ${unit}`);
  console.log(`| ${what} | ${medians.join(" | ")} |`);
}
