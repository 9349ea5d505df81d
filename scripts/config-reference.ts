/**
 * Writes the tables of docs/configuration.md from the schema of the configuration, the flags and the variables.
 *
 *   npm run config-reference
 */
import { readFileSync, writeFileSync } from "node:fs";
import { describedSections } from "./reference/described-keys.ts";
import { agentFlags, agentVariables } from "./reference/other-ways.ts";
import { withTables } from "./reference/reference-tables.ts";

const PAGE = new URL("../docs/configuration.md", import.meta.url);

const page = readFileSync(PAGE, "utf8");
const reference = { sections: describedSections(), flags: agentFlags(), variables: agentVariables() };
writeFileSync(PAGE, withTables(page, reference));
