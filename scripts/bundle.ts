/**
 * Makes the program of src and of the packages that it uses: `node scripts/bundle.ts FOLDER`. Few files load in a third
 * of the time of a thousand. What a command does not need is in files of its own.
 *
 * Names stay as they are written: the log names the class of an error, and a stack can be read without a map.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { modulesLoadedLate, NEVER_ENTERED, nodesOwnModules, partsOfDns2 } from "./bundle/less-to-load.ts";
import { licencesOf } from "./bundle/licences.ts";

const ROOT = join(import.meta.dirname, "..");
const [folder = "dist"] = process.argv.slice(2);

/**
 * Packages in the older format ask for Node's own modules by `require`, which this one does not have. A file of the
 * program asks for no others, and is loaded faster without a `require` that can look for files.
 */
const REQUIRE = "const require = (name) => process.getBuiltinModule(name);";

const SHARED = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
} as const satisfies BuildOptions;

const PROGRAM = {
  ...SHARED,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  metafile: true,
  banner: { js: REQUIRE },
  external: [...NEVER_ENTERED],
  plugins: [modulesLoadedLate, nodesOwnModules, partsOfDns2],
  outdir: join(folder, "cli"),
} as const satisfies BuildOptions;

/** The second one is loaded by its name: see `src/config/document.ts`. */
const MAIN = { main: "src/cli/main.ts", "yaml-document": "src/config/yaml-document.ts" };

/** Where the thread is looked for from every file of the program: see `src/views/dns/answering-thread.ts`. */
const THREAD = { "thread/worker": "src/views/dns/thread/worker.ts" };

/** The page that the agent serves: one script and one style sheet, for browsers since the spring of 2024. */
const PAGE = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  platform: "browser",
  format: "esm",
  target: ["chrome123", "firefox124", "safari17.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  entryPoints: { page: "src/page/main.tsx" },
} as const satisfies BuildOptions;

async function main(): Promise<void> {
  const built: { readonly metafile: Metafile }[] = await Promise.all([
    build({ ...PROGRAM, entryPoints: MAIN, splitting: true }),
    build({ ...PROGRAM, entryPoints: THREAD }),
    buildPage(join(folder, "ui")),
  ]);
  // A library brings no packages: its users' own copies are the ones that they share with it.
  await build({
    ...SHARED,
    entryPoints: { index: "src/index.ts" },
    outdir: folder,
    packages: "external",
  });
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(join(folder, "LICENCES.txt"), licencesOf(ROOT, inputs));
}

/** Script and style sheet also zipped: a page that is read through a tunnel is a third as long on its way. */
async function buildPage(outdir: string) {
  const style = { ...PAGE, entryPoints: { page: "src/page/page.css" }, outdir };
  const [script] = await Promise.all([build({ ...PAGE, outdir }), build(style)]);
  copyFileSync(join(ROOT, "src/page/index.html"), join(outdir, "index.html"));
  for (const name of ["page.js", "page.css"]) {
    writeFileSync(join(outdir, `${name}.gz`), gzipSync(readFileSync(join(outdir, name)), { level: 9 }));
  }
  return script;
}

await main();
