import { withoutCredentials } from "../../core/without-secrets.ts";
import { ConsulError } from "./consul-error.ts";

/** Where Consul's HTTP API is. */
export type ConsulAddress =
  | { readonly kind: "http" | "https"; readonly baseUrl: string; readonly host: string }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Parses what `CONSUL_HTTP_ADDR` may hold: `http://host:port`, `https://[::1]:8501`, `host:port`, `unix:///path`. A
 * path of a URL is kept, for a Consul behind a reverse proxy.
 * @throws ConsulError `address`.
 */
export function parseConsulAddress(text: string): ConsulAddress {
  if (text.startsWith("unix://")) {
    const path = text.slice("unix://".length);
    if (!path.startsWith("/")) {
      throw malformed(text, 'expected an absolute path, as in "unix:///run/consul.sock"');
    }
    return { kind: "unix", path };
  }
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || url.hostname === "" || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw malformed(text, 'expected "http://host:port", "https://host:port" or "unix:///path"');
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw malformed(`${url.protocol}//${url.host}`, "expected no user, password, query or fragment");
  }
  const kind = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? (kind === "https" ? ":443" : ":80") : `:${url.port}`;
  const path = url.pathname.replace(/\/+$/, "");
  return {
    kind,
    baseUrl: `${kind}://${url.hostname}${port}${path}/v1`,
    host: url.hostname.replace(/^\[|\]$/g, ""),
  };
}

/**
 * The address with its scheme. With `tls` it is https, even where it says http; the address of a socket stays as it is.
 */
export function withScheme(text: string, tls: boolean): string {
  const [, scheme, place] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(text) ?? [];
  return tls && scheme?.toLowerCase() !== "unix"
    ? `https://${place ?? ""}`
    : `${scheme ?? "http"}://${place ?? ""}`;
}

function malformed(text: string, expectation: string): ConsulError {
  return new ConsulError(
    "address",
    `Consul address ${JSON.stringify(withoutCredentials(text))}: ${expectation}`,
  );
}
