// Import directions, as docs/architecture.md draws them: each room of src, and what of src it may import besides itself.
const CORE = "^src/core/";
const FILES = "^src/files/";
const PORTS = "^src/system-ports\\.ts$";
const LEFTOVERS = "^src/loading-leftovers\\.ts$";
const MAY_IMPORT = {
  "core/": [],
  "files/": ["^src/core/(ports|printable|without-secrets|message-of|system-reason)\\.ts$"],
  "state/": [CORE, "^src/files/regular-file\\.ts$"],
  "log/": [CORE],
  "net/connection/": [CORE],
  "net/nomad/": [CORE, "^src/net/connection/"],
  "net/consul/": [CORE, FILES],
  "net/names/": [CORE],
  "sources/[^/]+$": [CORE],
  "sources/heartbeat/": [CORE, "^src/net/connection/"],
  "sources/health/": [CORE, "^src/net/connection/"],
  "sources/region/": [CORE, "^src/net/connection/"],
  "sources/consul/": [CORE, "^src/net/consul/catalog\\.ts$"],
  "views/[^/]+$": [CORE, "^src/net/consul/"],
  "views/dns/": [CORE, "^src/net/names/", LEFTOVERS],
  "views/http/": [CORE, FILES],
  "views/metrics/": [CORE],
  "config/": [
    FILES,
    "^src/core/(duplicate-key|rpc-addr|ip-address|service-pool|printable|without-secrets|message-of|system-reason)\\.ts$",
    "^src/net/consul/consul-address\\.ts$",
  ],
  "dev/": [CORE, "^src/net/nomad/"],
  "agent/": [CORE, FILES, PORTS, "^src/(state|net|sources|views|config)/"],
  "cli/": [
    CORE,
    FILES,
    PORTS,
    "^src/(agent|config|dev|log)/",
    "^src/views/dns/thread-start\\.ts$",
    LEFTOVERS,
  ],
  "system-ports\\.ts$": [CORE, "^src/net/names/"],
  "loading-leftovers\\.ts$": [],
  "page/": [CORE, "^src/views/http/schemas/"],
  "index\\.ts$": [CORE, PORTS],
};

const direction = ([room, allowed]) => ({
  name: `directions-of-${room.replace(/[^a-z]+/g, "-").replace(/-$/, "")}`,
  severity: "error",
  from: { path: `^src/${room}` },
  to: { path: "^src/", pathNot: [`^src/${room}`, ...allowed] },
});

const rooms = Object.keys(MAY_IMPORT);

module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...Object.entries(MAY_IMPORT).map(direction),
    {
      name: "every-room-has-directions",
      severity: "error",
      comment: "A file outside the rooms above: put it into one, or say here what its room may import.",
      from: { path: "^src/", pathNot: rooms.map((room) => `^src/${room}`) },
      to: {},
    },
    {
      name: "core-is-pure",
      severity: "error",
      comment: "The core decides and does nothing else: no clock, no chance, no network, no file.",
      from: { path: CORE },
      to: { pathNot: [CORE, "node_modules/(immutable|ipaddr\\.js)/"] },
    },
    {
      name: "src-imports-no-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|integration|scripts)/" },
    },
    {
      name: "scripts-import-no-integration-tests",
      severity: "error",
      comment: "What both need is in scripts/lab.",
      from: { path: "^(scripts|test)/" },
      to: { path: "^integration/" },
    },
    {
      name: "page-imports-only-types-of-the-server",
      severity: "error",
      comment: "What the page shares with the server at run time is the core's.",
      from: { path: "^src/page/" },
      to: { path: "^src/views/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "page-is-for-browsers",
      severity: "error",
      comment: "The page runs on preact and what a browser has.",
      from: { path: "^src/page/" },
      to: {
        pathNot: ["^src/", "node_modules/preact/"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "no-dev-dependency-in-src",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/page/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
