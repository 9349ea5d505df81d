import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { StandInServer } from "../../../src/dev/stand-in-server.ts";
import { isOfOtherRegion } from "../../../src/net/connection/connection-error.ts";
import { NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import { type NomadTls, tlsFailure } from "../../../src/net/nomad/tls-handshake.ts";
import { type Certificate, issue, makeAuthority } from "../../support/certificates.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { BRIEFLY, failsWith, IN_TIME } from "../connection/expectations.ts";

const SERVER_NAME = "server.global.nomad";
const YESTERDAY = new Date(Date.now() - 86_400_000);
const LAST_YEAR = new Date(Date.now() - 366 * 86_400_000);

suite("mutual TLS", () => {
  let authority: Certificate;
  let otherAuthority: Certificate;
  let ours: Certificate;
  let server: StandInServer;

  before(async () => {
    [authority, otherAuthority] = await Promise.all([makeAuthority("ours"), makeAuthority("others'")]);
    ours = await issue(authority, "client.global.nomad");
    server = new StandInServer({
      tls: { ca: authority.cert, ...(await issue(authority, SERVER_NAME)) },
    });
    await server.start();
  });
  after(() => server.stop());

  const open = (tls: NomadTls | undefined, region = "global", address = server.address) =>
    NomadConnection.open(ServerEndpoint.fromLiteral(address), { ...IN_TIME, tls, region });

  async function rejects(opening: Promise<unknown>, code: Parameters<typeof failsWith>[0], says: RegExp) {
    await assert.rejects(opening, (error: Error) => {
      failsWith(code)(error);
      assert.match(error.message, says);
      assert.equal((error as { kind?: string }).kind, "tls");
      assert.ok(error.cause instanceof Error, "keeps the cause");
      return true;
    });
    await until(() => server.openConnections === 0);
  }

  test("the right certificates work", async () => {
    const connection = await open({ ca: authority.cert, ...ours });
    await connection.ping(IN_TIME);
    connection.close();
    await until(() => server.openConnections === 0);
  });

  test("an application error is an answer: the connection is open and can be used", async () => {
    server.misbehave({ kind: "application-error", message: "Permission denied" });
    const connection = await open({ ca: authority.cert, ...ours });
    server.misbehave({ kind: "none" });
    await connection.ping(IN_TIME);
    connection.close();
    await until(() => server.openConnections === 0);
  });

  test("no client certificate: the error says that the server requires one", () =>
    rejects(
      open({ ca: authority.cert }),
      "tls-no-client-certificate",
      /requires a client certificate and none/,
    ));

  test("a server whose certificate another authority signed: the error says so", () =>
    rejects(
      open({ ca: otherAuthority.cert, ...ours }),
      "tls-wrong-authority",
      /authority that is not trusted/,
    ));

  test("a server of another region: the error names the name that its certificate lacks", () =>
    rejects(
      open({ ca: authority.cert, ...ours }, "emea"),
      "tls-wrong-name",
      /not for the name server\.emea\.nomad/,
    ));

  test("a certificate of another region says that the server does not serve ours; one for any other name does not", async () => {
    const errorOf = async (name: string) => {
      const other = new StandInServer({
        tls: { ca: authority.cert, ...(await issue(authority, name)) },
      });
      await other.start();
      const error: unknown = await open({ ca: authority.cert, ...ours }, "global", other.address).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await other.stop();
      assert.equal((error as { code?: string }).code, "tls-wrong-name");
      return error;
    };
    assert.ok(isOfOtherRegion(await errorOf("server.emea.nomad")));
    assert.ok(!isOfOtherRegion(await errorOf("client.global.nomad")));
    assert.ok(!isOfOtherRegion(await errorOf("nomad.example.net")));
  });

  test("a client certificate that another authority signed: opening fails, whether or not the server says why", async () =>
    rejects(
      open({ ca: authority.cert, ...(await issue(otherAuthority, "client.global.nomad")) }),
      "tls-failed",
      /may not accept the client's certificate/,
    ));

  test("an expired certificate: the error says so", async () => {
    const validity = { notBeforeDate: LAST_YEAR, notAfterDate: YESTERDAY };
    const expired = new StandInServer({
      tls: { ca: authority.cert, ...(await issue(authority, SERVER_NAME, validity)) },
    });
    await expired.start();
    const opening = open({ ca: authority.cert, ...ours }, "global", expired.address);
    await rejects(opening, "tls-certificate-expired", /not valid now/);
    await expired.stop();
  });

  test("a key that is none: the error says that it is our own", () =>
    rejects(
      open({ ca: authority.cert, cert: ours.cert, key: "no key" }),
      "tls-failed",
      /own certificate, key or CA/,
    ));

  test("a server without TLS: the error asks whether it is enabled", async () => {
    const plain = new StandInServer();
    await plain.start();
    await rejects(
      open({ ca: authority.cert }, "global", plain.address),
      "tls-not-spoken",
      /is TLS enabled there/,
    );
    await plain.stop();
  });

  test("something that is no TLS: the error says so", async (t) => {
    const web = await scriptedServer(t, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await rejects(open({}, "global", web.endpoint.key), "tls-not-spoken", /something else/);
  });

  test("plain RPC to a server that wants TLS: the connection closes", async () => {
    const connection = await open(undefined);
    await assert.rejects(connection.ping(IN_TIME), failsWith("connection-closed"));
  });

  test("an abort during the handshake: the signal's reason, and no socket is left", async (t) => {
    const silent = await scriptedServer(t, (socket) => socket.resume());
    const abort = new AbortController();
    const opening = NomadConnection.open(silent.endpoint, {
      ...IN_TIME,
      signal: abort.signal,
      tls: {},
      region: "global",
    });
    await until(() => silent.sockets.size === 1);
    const reason = new Error("not wanted any more");
    abort.abort(reason);
    await assert.rejects(opening, (error) => error === reason);
    await until(() => silent.sockets.size === 0);
  });

  test("a handshake that never ends: a timeout, and no socket is left", async (t) => {
    const silent = await scriptedServer(t, (socket) => socket.resume());
    const opening = NomadConnection.open(silent.endpoint, { ...BRIEFLY, tls: {}, region: "global" });
    await assert.rejects(opening, failsWith("connect-timeout"));
    await until(() => silent.sockets.size === 0);
  });
});

// What OpenSSL 3 calls the alerts by which servers in Go refuse a client; a server in Node can't be made to send them
// all.
const ALERTS: readonly [alert: string, withoutCertificate: string, withCertificate: string][] = [
  [
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "tls-no-client-certificate",
    "tls-client-certificate-rejected",
  ],
  ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "tls-no-client-certificate", "tls-client-certificate-rejected"],
  ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "tls-no-client-certificate", "tls-client-certificate-rejected"],
  ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "tls-no-client-certificate", "tls-failed"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "tls-client-certificate-rejected", "tls-client-certificate-rejected"],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tls-failed", "tls-failed"],
  ["ECONNRESET", "connection-reset", "connection-reset"],
];

for (const [alert, withoutCertificate, withCertificate] of ALERTS) {
  test(`${alert}: what it means with and without a client certificate`, () => {
    const party = { server: "10.0.0.1:4647", serverName: SERVER_NAME };
    const cause = Object.assign(new Error("alert"), { code: alert });
    assert.equal(tlsFailure({ ...party, tls: {} }, cause).code, withoutCertificate);
    assert.equal(tlsFailure({ ...party, tls: { cert: "a", key: "b" } }, cause).code, withCertificate);
  });
}
