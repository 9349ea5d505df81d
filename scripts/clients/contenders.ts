/** Clients of names: which program, with which settings, and what of it is looked at. */
import { join } from "node:path";

export interface Contender {
  readonly client: string;
  /** What was set, in the client's own words. */
  readonly setting: string;
  /** Prints what it sees, each time it is something else. */
  readonly command: readonly string[];
  /** Runs beside it, and serves what the command asks for. */
  readonly beside?: { readonly command: readonly string[]; readonly port: number };
}

const PROGRAMS = join(import.meta.dirname, "programs");
const NAME = "web.headwaiter.internal";
const URL = `http://${NAME}:8000/`;

const program = (file: string) => join(PROGRAMS, file);
const node = (...args: readonly string[]) => [process.execPath, program("look.ts"), ...args];
const python = ["/usr/bin/python3", program("look.py"), "lookup", NAME];

/** @param folder where programs are built, and where peers keep their files. */
export function contenders(folder: string): readonly Contender[] {
  const java = (options: readonly string[], mode: string, of: string) => [
    "java",
    "-XX:TieredStopAtLevel=1",
    ...options,
    "-cp",
    folder,
    "Look",
    mode,
    of,
  ];
  const go = (mode: string, of: string) => [join(folder, "look"), mode, of];
  const behind = (port: number, ...command: readonly string[]) => ({
    command: node("once", `http://127.0.0.1:${port}/`),
    beside: { command, port },
  });
  const haproxy = (port: number, file: string) => behind(port, "haproxy", "-db", "-f", program(file));
  const nginx = (port: number, file: string) => behind(port, "nginx", "-p", folder, "-c", program(file));
  const cachesOff = [`-Djava.security.properties=${program("names.security")}`];
  const keepsNone = [...cachesOff, "-Dhttp.keepAlive=false"];
  return [
    { client: "glibc", setting: "a look-up: getaddrinfo", command: python },
    { client: "Node", setting: "a look-up: dns.lookup", command: node("lookup", NAME) },
    { client: "Node", setting: "http.get", command: node("get", URL) },
    { client: "Node", setting: "http.get, agent: false", command: node("once", URL) },
    { client: "Node", setting: "fetch", command: node("fetch", URL) },
    { client: "Go", setting: "a look-up: net.LookupHost", command: go("lookup", NAME) },
    { client: "Go", setting: "http.Client", command: go("client", URL) },
    { client: "Go", setting: "http.Client, DisableKeepAlives", command: go("once", URL) },
    { client: "JVM", setting: "a look-up: InetAddress", command: java([], "lookup", NAME) },
    { client: "JVM", setting: "a look-up, caches off", command: java(cachesOff, "lookup", NAME) },
    { client: "JVM", setting: "HttpURLConnection", command: java([], "connection", URL) },
    { client: "JVM", setting: "HttpClient", command: java([], "client", URL) },
    { client: "JVM", setting: "HttpClient, caches off", command: java(cachesOff, "client", URL) },
    {
      client: "JVM",
      setting: "HttpURLConnection, caches and keep-alive off",
      command: java(keepsNone, "connection", URL),
    },
    { client: "HAProxy", setting: "server NAME", ...haproxy(8001, "haproxy-default.cfg") },
    { client: "HAProxy", setting: "server-template, resolvers", ...haproxy(8002, "haproxy-resolvers.cfg") },
    { client: "nginx", setting: "proxy_pass NAME", ...nginx(8003, "nginx-default.conf") },
    { client: "nginx", setting: "resolver, a variable", ...nginx(8004, "nginx-resolver.conf") },
  ];
}
