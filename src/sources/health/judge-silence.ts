/** Whether a head that is silent hangs: pure. */
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { type Decision, type Health, nothingToDo, type View } from "./health-state.ts";
import { secondOpinion, silentFailure, type Witness } from "./second-opinion.ts";
import type { Silence } from "./server-health.ts";

/**
 * The head hangs when the next server answers meanwhile. When that is silent, too, it may be this machine: nothing
 * moves before the time limit of a ping is over.
 */
export function judgeSilence(
  health: Health,
  { answerOf, snapshot, standby, stateOf }: View,
  { server, silence }: { readonly server: ServerEndpoint; readonly silence: Silence },
): Decision {
  if (snapshot.head?.key !== server.key || standby === undefined || health.search !== undefined) {
    return nothingToDo(health);
  }
  const witness: Witness = {
    name: standby,
    state: stateOf(standby),
    lastAnswer: answerOf(standby),
  };
  const evidence = secondOpinion(silence, [witness]);
  return {
    health,
    actions: [
      evidence === undefined
        ? { do: "hurry", role: "standby" }
        : { do: "give-up-head", failure: silentFailure(evidence) },
    ],
  };
}
