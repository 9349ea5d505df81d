import { VERSION } from "../../agent/version.ts";

/** Of this program; a running agent's own is in `GET /v1/agent/self`. */
export function runVersion({ json }: { readonly json?: boolean }): void {
  process.stdout.write(`${json === true ? JSON.stringify({ version: VERSION }) : VERSION}\n`);
}
