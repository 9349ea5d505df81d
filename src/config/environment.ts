/**
 * What the environment says. Variables of Consul's own tools mean here what they mean to them, or are refused by name.
 */
import { ConfigError } from "./config-error.ts";
import type { Layer } from "./layer.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

interface ConsulVariable {
  readonly settings: (value: string, origin: string) => object;
  /** For people: how the value is read, where that does not follow from the key. */
  readonly reading?: string;
}

/** Each variable, as Consul's API client reads it. Source: `defaultConfig` in its api/api.go. */
export const CONSUL_VARIABLES: Readonly<Record<string, ConsulVariable>> = {
  CONSUL_HTTP_ADDR: { settings: (address) => ({ address }) },
  // `false` takes nothing back: an address that says https stays what it is.
  CONSUL_HTTP_SSL: {
    settings: (value, origin) => (goBoolean(value, origin) ? { ssl: true } : {}),
    reading:
      "When true, TLS whatever scheme an address names, the flag's too, or `https://127.0.0.1:8500` without one; when false, what the files say stays.",
  },
  CONSUL_HTTP_SSL_VERIFY: {
    settings: (value, origin) => ({ verify_ssl: goBoolean(value, origin) }),
  },
  CONSUL_HTTP_TOKEN: { settings: (token) => ({ token }) },
  CONSUL_HTTP_TOKEN_FILE: {
    settings: (token_file) => ({ token_file }),
    reading: "The file goes before a token, wherever each of them is set.",
  },
  CONSUL_CACERT: { settings: (ca_file) => ({ ca_file }) },
  CONSUL_CLIENT_CERT: { settings: (cert_file) => ({ cert_file }) },
  CONSUL_CLIENT_KEY: { settings: (key_file) => ({ key_file }) },
  CONSUL_TLS_SERVER_NAME: {
    settings: (name) => ({ server_name: withoutPort(name) }),
    reading: "A port behind the name is dropped.",
  },
};

/** What is read of the environment and sets no key: for what, in words for people. */
export const KEYLESS_VARIABLES: Readonly<Record<string, string>> = {
  NOMAD_TOKEN:
    "Nomad's ACL token for pools with `heartbeat: nomad` and without a `token_file`; a secret. `send_token` says who gets it.",
};

/** To pass over these would be to ask another Consul, or as somebody else, than its tools do. */
export const REFUSED_VARIABLES: Readonly<Record<string, string>> = {
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
  const refused = Object.keys(REFUSED_VARIABLES)
    .filter(given)
    .find((name) => name !== "CONSUL_CAPATH" || !given("CONSUL_CACERT"));
  if (refused !== undefined) {
    throw new ConfigError(originOf(refused), REFUSED_VARIABLES[refused] ?? "");
  }
  return Object.entries(CONSUL_VARIABLES)
    .filter(([name]) => given(name))
    .map(([name, { settings }]) => {
      const origin = originOf(name);
      return { origin, values: { consul: settings(environment[name] ?? "", origin) }, namesItself: true };
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
