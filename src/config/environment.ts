/**
 * What the environment says. Variables of Consul's own tools mean here what they mean to them, or are refused by name.
 */
import { ConfigError } from "./config-error.ts";
import type { Layer } from "./layer.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of each variable, as Consul's API client reads it. Source: `defaultConfig` in its api/api.go. */
const CONSUL_VARIABLES: Readonly<Record<string, (value: string, origin: string) => object>> = {
  CONSUL_HTTP_ADDR: (address) => ({ address }),
  // `false` takes nothing back: an address that says https stays what it is.
  CONSUL_HTTP_SSL: (value, origin) => (goBoolean(value, origin) ? { ssl: true } : {}),
  CONSUL_HTTP_SSL_VERIFY: (value, origin) => ({ verify_ssl: goBoolean(value, origin) }),
  CONSUL_HTTP_TOKEN: (token) => ({ token }),
  CONSUL_HTTP_TOKEN_FILE: (token_file) => ({ token_file }),
  CONSUL_CACERT: (ca_file) => ({ ca_file }),
  CONSUL_CLIENT_CERT: (cert_file) => ({ cert_file }),
  CONSUL_CLIENT_KEY: (key_file) => ({ key_file }),
  CONSUL_TLS_SERVER_NAME: (name) => ({ server_name: withoutPort(name) }),
};

/** To pass over these would be to ask another Consul, or as somebody else, than its tools do. */
const REFUSED: Readonly<Record<string, string>> = {
  CONSUL_HTTP_AUTH: "HTTP Basic authentication is not supported, expected it unset",
  CONSUL_CAPATH:
    "a directory of authorities is not supported, expected one file with all of them in CONSUL_CACERT",
  CONSUL_NAMESPACE: "namespaces are not supported, expected it unset",
  CONSUL_PARTITION: "partitions are not supported, expected it unset",
};

/** One layer for each variable. @throws ConfigError for one that can't mean here what it means to Consul's tools. */
export function environmentLayers(environment: Environment): Layer[] {
  // An empty variable counts as absent, and CONSUL_CAPATH beside CONSUL_CACERT is not looked at: both as in Consul's
  // client.
  const given = (name: string) => environment[name] !== undefined && environment[name] !== "";
  const refused = Object.keys(REFUSED)
    .filter(given)
    .find((name) => name !== "CONSUL_CAPATH" || !given("CONSUL_CACERT"));
  if (refused !== undefined) {
    throw new ConfigError(originOf(refused), REFUSED[refused] ?? "");
  }
  return Object.entries(CONSUL_VARIABLES)
    .filter(([name]) => given(name))
    .map(([name, settingsOf]) => {
      const origin = originOf(name);
      return { origin, values: { consul: settingsOf(environment[name] ?? "", origin) }, namesItself: true };
    });
}

function originOf(name: string): string {
  return `environment ${name}`;
}

/**
 * As Go's `strconv.ParseBool`. Consul's client takes anything else for false, with a warning: too little where TLS was
 * meant.
 */
function goBoolean(value: string, origin: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) {
    return true;
  }
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) {
    return false;
  }
  throw new ConfigError(origin, "expected 1, t, true, 0, f or false");
}

/** Consul's client takes the name with a port, too, as it stands in an address. */
function withoutPort(name: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):\d*$/.exec(name);
  return match?.[1] ?? match?.[2] ?? name;
}
