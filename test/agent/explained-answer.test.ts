/** What an explanation says of DNS is what DNS answers. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decode, encode, type Packet } from "dns-packet";
import { startedAgent } from "../support/agent-in-process.ts";
import { ask } from "../support/http-client.ts";
import { askAnyUdp } from "../views/dns/dns-client.ts";

const PUSHED = { heartbeat: "push", ping: "none", backups: null };
const PATIENCE_MS = 10_000;

interface Explained {
  readonly dns: {
    readonly question: string;
    readonly answer: string | null;
    readonly rcode: string;
    readonly extended_error: { readonly code: number; readonly text: string } | null;
    readonly ttl_s: number | null;
  };
}

/** An answer of DNS, in the words of an explanation. */
function inWords(packet: Packet & { readonly rcode?: string }) {
  const [record] = packet.answers ?? [];
  const options = (packet.additionals ?? []).flatMap((each) => (each.type === "OPT" ? each.options : []));
  const extended = options.find(({ code }) => String(code) === "15");
  const data = extended !== undefined && "data" in extended ? extended.data : undefined;
  return {
    answer: record?.type === "SRV" ? `${record.data.target}:${record.data.port}` : null,
    rcode: packet.rcode,
    code: data?.readUInt16BE(0) ?? null,
    ttl: record?.type === "SRV" ? (record.ttl ?? null) : null,
  };
}

suite("the DNS part of an explanation", () => {
  const rows = [
    ["live", { servers: ["127.0.0.9:80", "127.0.0.8:80"], ping: "none", backups: null }, "NOERROR"],
    ["a server known by a name", { servers: ["localhost:80"], ping: "none", backups: null }, "NOERROR"],
    ["starting", PUSHED, "SERVFAIL"],
    ["empty", { ping: "none", backups: null }, "SERVFAIL"],
  ] as const;
  for (const [state, web, rcode] of rows) {
    test(`${state}: ${rcode}, as DNS itself answers`, async (t) => {
      const { dns, http } = await startedAgent(t, { dns: { ttl: "7s" }, pools: { web } });
      const explained = async () => ((await ask(http, "/v1/pools/web/explain")).json() as Explained).dns;
      const [name = "", type] = (await explained()).question.split(" ");
      assert.equal(type, "SRV");
      const query = encode({
        type: "query",
        id: 7,
        questions: [{ type: "SRV", name }],
        additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1_232 } as never],
      });
      const reply = decode((await askAnyUdp(dns, query, PATIENCE_MS)) ?? assert.fail("no answer"));
      // The question has waited for the first server.
      const { answer, extended_error: error, ttl_s: ttl } = await explained();
      assert.deepEqual({ answer, rcode, code: error?.code ?? null, ttl }, inWords(reply));
      const text = (await ask(http, "/v1/pools/web/explain", { headers: { accept: "text/plain" } })).text;
      assert.match(text, rcode === "NOERROR" ? /DNS +_web.* SRV: .*:80, TTL 7 s/ : /SERVFAIL \(Not Ready\)/);
    });
  }
});
