// Import directions, as docs/architecture.md draws them. `pathNot` lists what a folder may import.
const only = (name, from, allowed, comment) => ({
  name,
  severity: "error",
  comment,
  from: { path: from },
  to: { path: "^src/", pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "core-is-pure",
      severity: "error",
      comment: "The core decides and does nothing else: no clock, no chance, no network, no file.",
      from: { path: "^src/core/" },
      to: { pathNot: ["^src/core/", "node_modules/(immutable|ipaddr\\.js)/"] },
    },
    only(
      "sources-import-core-and-net",
      "^src/sources/",
      ["^src/core/", "^src/net/"],
      "Sources send events to the core; the health monitor holds connections.",
    ),
    only("net-imports-core", "^src/net/", ["^src/core/"], "Sockets know the core's ports only."),
    only(
      "nomad-imports-core-and-net",
      "^src/nomad/",
      ["^src/core/", "^src/net/"],
      "The Nomad adapter knows the core's ports and sockets only.",
    ),
    only(
      "consul-imports-core",
      "^src/consul/",
      ["^src/core/", "^src/files/", "^src/sources/consul-catalog\\.ts$"],
      "The Consul adapter knows the core's ports and the watcher's port, which it implements.",
    ),
    only("log-imports-core", "^src/log/", ["^src/core/"], "The log writes what it is given."),
    only(
      "files-import-ports",
      "^src/files/",
      ["^src/core/(ports|printable|without-secrets)\\.ts$"],
      "Files know the log only.",
    ),
    only("dns-imports-core", "^src/dns/", ["^src/core/"], "DNS is a view of snapshots."),
    only("http-imports-core", "^src/http/", ["^src/core/", "^src/files/"], "HTTP is a view of snapshots."),
    only(
      "config-imports-addresses",
      "^src/config/",
      [
        "^src/core/(server-endpoint|printable|without-secrets)\\.ts$",
        "^src/consul/consul-address\\.ts$",
        "^src/files/",
      ],
      "Configuration knows files, addresses and durations only.",
    ),
    {
      name: "agent-is-below-cli",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "src-imports-no-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|integration|scripts)/" },
    },
    {
      name: "no-dev-dependency-in-src",
      severity: "error",
      from: { path: "^src/" },
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
