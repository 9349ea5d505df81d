/** Writes the table of docs/metrics.md anew, after a change of src/views/metrics/definitions.ts. */
import { readFileSync, writeFileSync } from "node:fs";
import { withMetricsTable } from "./lab/metrics-table.ts";

const PAGE = new URL("../docs/metrics.md", import.meta.url);

writeFileSync(PAGE, withMetricsTable(readFileSync(PAGE, "utf8")));
