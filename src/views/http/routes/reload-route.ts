/** Another configuration for the running agent. */
import { ReloadError, type ReloadReport } from "../../../core/config-view.ts";
import { ApiError } from "../api-error.ts";
import type { HttpApi } from "../http-api.ts";
import { type Route, route } from "../route.ts";

export function reloadRoute({ configuration }: Pick<HttpApi, "configuration">): Route {
  return route({
    method: "POST",
    path: "/v1/agent/reload",
    summary: "Reads the configuration anew and goes on with it; what can't be used changes nothing.",
    query: {
      dry_run: { kind: "boolean", description: "Says what it would come to, and changes nothing." },
    },
    answers: { 200: "What it came to: keys by what became of them, and pools." },
    reply: "Reload",
    refusals: ["bad-query", "config-invalid", "reload-running", "stopping", "token-refused"],
    handle: async ({ query }) => {
      const isDryRun = query.dry_run === true;
      try {
        const report = isDryRun ? configuration.tryOut() : await configuration.reload();
        return { dry_run: isDryRun, ...reportJson(report) };
      } catch (error) {
        throw error instanceof ReloadError ? new ApiError(error.code, error.message) : error;
      }
    },
  });
}

function reportJson({ applied, hash, needsRestart, pools, unchanged }: ReloadReport) {
  return { hash, applied, unchanged, needs_restart: needsRestart, pools };
}
