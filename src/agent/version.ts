import manifest from "../../package.json" with { type: "json" };

/** This program's, from its package. */
export const VERSION = manifest.version;
