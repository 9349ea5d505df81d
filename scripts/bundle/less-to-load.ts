/** What the program never enters of the packages that it uses, and so need not load. */
import { dirname } from "node:path";
import type { Plugin } from "esbuild";

/** Compilers of schemas, and what answers requests without a connection: fastify asks for them where they are used. */
export const NEVER_ENTERED: readonly string[] = [
  "@fastify/ajv-compiler",
  "@fastify/fast-json-stringify-compiler",
  "light-my-request",
];

/**
 * Imported as a module, each of Node's own modules has every one of its exports read, those too that load a part of
 * Node when they are: `node:http` loads a client for WebSockets, 35 ms. Asked for by `require`, they are left alone.
 */
export const nodesOwnModules: Plugin = {
  name: "nodes-own-modules",
  setup: (build) => {
    build.onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === "import-statement" ? { path, namespace: "nodes-own" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "nodes-own" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** The packages' own text in the place of one that loads everything. */
const INSTEAD: readonly { readonly file: RegExp; readonly contents: string }[] = [
  // Messages in 40 languages: zod's own are read by nobody but in English.
  { file: /\/zod\/v4\/locales\/index\.js$/, contents: `export { default as en } from "./en.js";` },
  // Servers and clients of DNS over HTTP/2 among the rest.
  {
    file: /\/dns2\/index\.(?:m?js)$/,
    contents: `export { default as Packet } from "./packet.js"; export { default as UDPServer } from "./server/udp.js";`,
  },
];

export const partsOfPackages: Plugin = {
  name: "parts-of-packages",
  setup: (build) => {
    for (const { contents, file } of INSTEAD) {
      build.onLoad({ filter: file }, ({ path }) => ({ contents, resolveDir: dirname(path) }));
    }
  },
};
