import type { Facts } from "../../core/explain/facts.ts";
import { wallTimeOf } from "../../core/time/wall-time.ts";
import { type HttpApi, poolOf } from "./http-api.ts";

/** All that is known of a pool at this moment. @throws ApiError `unknown-pool`. */
export function poolFacts(
  api: Pick<HttpApi, "clock" | "dnsAnswer" | "pools" | "timeline">,
  name: string,
): Facts {
  const { clock, timeline } = api;
  const view = poolOf(api, name).view();
  const events = timeline
    .events()
    .filter(({ event }) => event.pool === name)
    .map(({ event }) => event);
  return {
    view,
    now: clock.now(),
    wallNow: wallTimeOf(clock),
    index: timeline.indexOf(name),
    events,
    dns: () => api.dnsAnswer(name),
  };
}
