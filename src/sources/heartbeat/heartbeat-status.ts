/** What the source knows of itself. Times are by `Clock.now`. */
export type HeartbeatStatus =
  | { readonly phase: "waiting" }
  | { readonly phase: "ok"; readonly lastSuccessAt: number; readonly server: string }
  | {
      readonly phase: "failing";
      readonly since: number;
      readonly lastSuccessAt: number | undefined;
      readonly lastError: string;
    };
