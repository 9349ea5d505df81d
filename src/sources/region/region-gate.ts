import type { AskForHeartbeat } from "../../core/heartbeat.ts";
import type { Note } from "../../core/journal-event.ts";
import { atAbort, Life } from "../../core/life.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { AskForRegion, RegionVerdict } from "../../core/region.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Runnable } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import { barredDelayMs, newcomerDelayMs } from "../../core/time/fleet-pace.ts";
import { drawnOnce, FleetWaits } from "../../core/time/fleet-waits.ts";
import { isOfOtherRegion } from "../../net/connection/connection-error.ts";
import type { Connector } from "../../net/connection/held-connection.ts";

interface RegionGatePorts {
  readonly proxy: Pick<
    RpcProxy,
    "snapshot" | "subscribe" | "numNodes" | "numServers" | "barServer" | "admitServer"
  >;
  readonly query: AskForRegion;
  readonly clock: Clock;
  readonly random: Random;
  readonly note: Note;
}

/**
 * Servers asked at the same time: sockets for a long list that is silent. 1,000 silent ones take a minute with 500 ms
 * each.
 */
const ASKED_AT_ONCE = 8;

/** One address of several may say again and again that it is of another region. */
const MIN_ASK_INTERVAL_MS = 10_000;

/** Servers that the warning names; of more it tells how many. */
const SERVERS_NAMED = 3;

/** Told of a server that says that it does not serve our region; `own`: the region that it says it is of. */
type OtherRegionListener = (server: ServerEndpoint, own?: string) => void;

/** The same connector; it tells of a server that says so while a connection is opened. */
export function hearingRegion(connector: Connector, onOther: OtherRegionListener): Connector {
  return {
    open: (server, options) => telling(server, connector.open(server, options), onOther),
  };
}

/** The same heartbeats; it tells of a server that says so in its answer. */
export function hearingRegionOf(query: AskForHeartbeat, onOther: OtherRegionListener): AskForHeartbeat {
  return async (server, signal) => {
    const answer = await telling(server, query(server, signal), onOther);
    if (answer.otherRegion !== undefined) {
      onOther(server, answer.otherRegion);
    }
    return answer;
  };
}

async function telling<T>(
  server: ServerEndpoint,
  answer: Promise<T>,
  onOther: OtherRegionListener,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isOfOtherRegion(error)) {
      onOther(server);
    }
    throw error;
  }
}

/**
 * A server that says that it does not serve our region is no head, however alive it is: it is taken off the list. Each
 * server that comes onto the list is asked once, so that none of them waits there to become head by a failure. Those
 * that were taken off are asked again now and then, and come back when they say otherwise: servers are reconfigured,
 * and one that passes questions on to our region may lose the way for a while. A server that says nothing of a region
 * is used.
 */
export class RegionGate implements Runnable {
  readonly #ports: RegionGatePorts;
  readonly #region: string;
  readonly #waits: FleetWaits;
  /** When listed servers were asked in this life, whatever came of it, by `Clock.now`: a subset of the list. */
  readonly #askedAt = new Map<string, number>();
  /** Since when some server is barred, by `Clock.now`. */
  #barredSince = 0;
  readonly #life = new Life();
  /** Ends the wait for servers that were not asked yet, if there is one. */
  #lookForNewcomers: () => void = () => undefined;

  constructor(ports: RegionGatePorts, region: string) {
    this.#ports = ports;
    this.#region = region;
    this.#waits = new FleetWaits(ports.clock, ports.proxy);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      this.#askedAt.clear();
      const unsubscribe = this.#ports.proxy.subscribe(({ difference }) => {
        if (difference.added.length > 0) {
          this.#lookForNewcomers();
        }
      });
      const asking = [this.#askNewcomers(signal), this.#askBarred(signal)];
      await atAbort(signal, () => {
        unsubscribe();
        this.#lookForNewcomers();
      });
      await Promise.all(asking);
    });
  }

  /** It said that it does not serve our region; `own`: the region that it says it is of. */
  bar(server: ServerEndpoint, own?: string): void {
    const { barred, members } = this.#ports.proxy.snapshot();
    if ((members.get(server.key) ?? barred.get(server.key))?.endpoint.addresses.length === 1) {
      this.#bar(server, own);
    } else {
      // That is what one of its addresses says.
      this.#askAgain(server.key);
    }
  }

  #askAgain(key: string): void {
    const isTooSoon = this.#ports.clock.now() - (this.#askedAt.get(key) ?? 0) < MIN_ASK_INTERVAL_MS;
    if (!isTooSoon && !this.#life.isOver()) {
      this.#askedAt.delete(key);
      this.#lookForNewcomers();
    }
  }

  #bar(server: ServerEndpoint, own?: string): void {
    const { clock, note, proxy } = this.#ports;
    const region = this.#region;
    // One line for a list full of them: the others are as this one.
    const isFirst = proxy.snapshot().barred.size === 0;
    const says = own === undefined ? "" : `, but ${printable(own)}`;
    if (proxy.barServer(server, { source: "region", reason: `does not serve region ${region}${says}` })) {
      this.#barredSince = isFirst ? clock.now() : this.#barredSince;
      const ofRegion = own === undefined ? { region } : { region, own: printable(own) };
      note({ kind: "server-barred", server: server.key, ...ofRegion, isFirst });
    }
  }

  /** What an operator should know of, for as long as servers are barred. */
  warnings(): readonly SourceWarning[] {
    const { barred, size } = this.#ports.proxy.snapshot();
    if (barred.size === 0) {
      return [];
    }
    const named = [...barred.keys()].slice(0, SERVERS_NAMED).join(", ");
    const more = barred.size > SERVERS_NAMED ? ` and ${barred.size - SERVERS_NAMED} more` : "";
    const left = size === 0 ? "; no server is left" : "";
    const message = `Not used, because they don't serve region ${this.#region}: ${named}${more}${left}`;
    return [{ since: this.#barredSince, message }];
  }

  /** One pass at a time; servers that come meanwhile get one after it. */
  async #askNewcomers(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const keys = this.#unasked();
      if (keys.length === 0) {
        await new Promise<void>((resolve) => {
          this.#lookForNewcomers = resolve;
        });
      } else {
        const chance = drawnOnce(this.#ports.random);
        await this.#waits.wait((fleet) => newcomerDelayMs(fleet, chance), signal);
        await this.#askEach(keys, signal);
      }
    }
  }

  /** Keys of the listed servers that were not asked yet. */
  #unasked(): string[] {
    const { order, members } = this.#ports.proxy.snapshot();
    for (const key of this.#askedAt.keys()) {
      if (!members.has(key)) {
        this.#askedAt.delete(key);
      }
    }
    return order.filter((key) => !this.#askedAt.has(key)).toArray();
  }

  async #askBarred(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const chance = drawnOnce(this.#ports.random);
      await this.#waits.wait((fleet) => barredDelayMs(fleet, chance), signal);
      await this.#askEach(this.#ports.proxy.snapshot().barred.keys(), signal);
    }
  }

  async #askEach(keys: Iterable<string>, signal: AbortSignal): Promise<void> {
    const queue = Iterator.from(keys);
    const askInTurn = async () => {
      for (const key of queue) {
        if (signal.aborted) {
          return;
        }
        await this.#ask(key, signal);
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askInTurn));
  }

  async #ask(key: string, signal: AbortSignal): Promise<void> {
    const { barred, members } = this.#ports.proxy.snapshot();
    const server = (members.get(key) ?? barred.get(key))?.endpoint;
    if (server === undefined) {
      return;
    }
    if (members.has(key)) {
      this.#askedAt.set(key, this.#ports.clock.now());
    }
    const verdict = await this.#verdict(server, signal);
    if (verdict === undefined || signal.aborted) {
      return;
    }
    if (verdict.serves) {
      this.#admit(server);
    } else {
      this.#bar(server, verdict.own);
    }
  }

  /** Of several addresses one that serves our region is enough. `undefined` when none tells. */
  async #verdict(server: ServerEndpoint, signal: AbortSignal): Promise<RegionVerdict | undefined> {
    const asked = server.addresses
      .slice(0, ASKED_AT_ONCE)
      .map((address) => this.#ports.query(server.at(address), signal).catch(() => undefined));
    const verdicts = await Promise.all(asked);
    return verdicts.find((verdict) => verdict?.serves) ?? verdicts.find((verdict) => verdict !== undefined);
  }

  #admit(server: ServerEndpoint): void {
    const { note, proxy } = this.#ports;
    const region = this.#region;
    if (proxy.snapshot().barred.has(server.key)) {
      this.#askedAt.set(server.key, this.#ports.clock.now());
      proxy.admitServer(server, { source: "region", reason: `serves region ${region}` });
      note({ kind: "server-admitted", server: server.key, region });
    }
  }
}
