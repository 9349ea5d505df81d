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

/**
 * Node's own modules that many a program imports and few enter: TLS and HTTP/2 where none of it is configured. Together
 * they take 3 MB.
 */
const LATE: ReadonlySet<string> = new Set(["node:crypto", "node:http2", "node:https", "node:tls"]);
const LOADED_LATE = "loaded-late";

/** Loads these when something of them is first used. Stands before `nodesOwnModules`, which takes what is left. */
export const modulesLoadedLate: Plugin = {
  name: "modules-loaded-late",
  setup: (build) => {
    build.onResolve({ filter: /^(node:)?[a-z0-9]+$/ }, ({ kind, namespace, path }) => {
      const full = path.startsWith("node:") ? path : `node:${path}`;
      const asks = kind === "import-statement" || kind === "require-call";
      return asks && LATE.has(full) && namespace !== LOADED_LATE
        ? { path: full, namespace: LOADED_LATE }
        : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: LOADED_LATE }, ({ path }) => {
      const parts = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path) ?? {}))
        .filter(([, { enumerable }]) => enumerable)
        .map(([name, { value }]) => partLoadedLate(name, value));
      const load = `const load = () => require(${JSON.stringify(path)});`;
      return { contents: `${load} module.exports = { ${parts.join(", ")} };` };
    });
  },
};

/** Packages take functions out of the module before they need them. The name of a class begins with a capital. */
function partLoadedLate(name: string, value: unknown): string {
  return typeof value === "function" && /^[a-z]/.test(name)
    ? `${name}(...args) { return load().${name}(...args); }`
    : `get ${name}() { return load().${name}; }`;
}

/** Of dns2 the reader of packets and the UDP server: its whole loads clients and servers of DNS over HTTP/2, too. */
export const partsOfDns2: Plugin = {
  name: "parts-of-dns2",
  setup: (build) => {
    build.onLoad({ filter: /\/dns2\/index\.m?js$/ }, ({ path }) => ({
      contents: `
        export { default as Packet } from "./packet.js";
        export { default as UDPServer } from "./server/udp.js";`,
      resolveDir: dirname(path),
    }));
  },
};
