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
