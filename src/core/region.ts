import type { ServerEndpoint } from "./server-endpoint.ts";

/** What a server says of itself: `own` is its region, where it names one. */
export interface RegionVerdict {
  readonly serves: boolean;
  readonly own: string | undefined;
}

/** Asks one server whether it serves our region; rejects when it can't be asked, or does not answer. */
export type AskForRegion = (server: ServerEndpoint, signal: AbortSignal) => Promise<RegionVerdict>;
