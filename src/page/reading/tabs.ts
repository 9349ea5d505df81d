/** What a browser offers to its tabs. */
import type { TabChannel, TabMessage, TakeTurns } from "./shared-news.ts";

const NAME = "headwaiter";

/** Absent where the browser takes the page for not secure: at an address other than loopback, without TLS. */
export function sharesTabs(): boolean {
  return "locks" in navigator && "BroadcastChannel" in globalThis;
}

/** The lock is freed by the browser when its tab ends, however it does. */
export const lockTurns: TakeTurns = (signal, whileItLasts) =>
  navigator.locks.request(`${NAME}-stream`, { signal }, whileItLasts);

/** Every tab for itself. */
export const ownTurns: TakeTurns = (_signal, whileItLasts) => whileItLasts();

export function tabChannel(): TabChannel {
  const channel = new BroadcastChannel(NAME);
  return {
    post: (message) => {
      channel.postMessage(message);
    },
    listen: (heard) => {
      const listener = ({ data }: MessageEvent<TabMessage>) => {
        heard(data);
      };
      channel.addEventListener("message", listener);
      return () => {
        channel.removeEventListener("message", listener);
      };
    },
  };
}

export const noChannel: TabChannel = { post: () => undefined, listen: () => () => undefined };
