/** Where DNS is served, and where names of servers are looked up. */
import * as z from "zod";
import { isLoopback, parseIpAddress } from "../../core/ip-address.ts";
import { joinHostPort } from "../../core/rpc-addr.ts";
import { type ListenAddress, parseConsulDns, parseNameserver } from "../address.ts";
import { defined } from "../defined.ts";
import { durationMs, listenAddress, mapping, parsed } from "../values.ts";

/** Source: RFC 2181 §8: whole seconds in 31 bits. */
const ttlMs = durationMs.refine((ms) => ms % 1_000 === 0 && ms / 1_000 < 2 ** 31, {
  error: "expected whole seconds, at most 2147483647s",
});

const ADDRESSES_EXPECTED = "expected an address or a list of addresses";

const RATE_EXPECTED = "expected whole answers a second from 1 to 1000000, or null for no limit";

/** A million answers a second are more than a machine gives. */
const rateLimit = z
  .int({ error: RATE_EXPECTED })
  .min(1, { error: RATE_EXPECTED })
  .max(1_000_000, { error: RATE_EXPECTED });

const nameserver = parsed(parseNameserver, 'an IP address, with a port or without, such as "127.0.0.53"');

/** Source: RFC 1035 §2.3.1, at most 200 octets so that every name of the zone stays under 255. */
const domainName = z
  .string({ error: "expected a domain name" })
  .toLowerCase()
  .transform((name) => name.replace(/\.$/, ""))
  .refine(
    (name) =>
      name.length <= 200 &&
      name.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
      !/(^|\.)local$/.test(name),
    { error: 'expected a domain name such as "headwaiter.internal", not under .local' },
  );

export const dnsSettings = z
  .strictObject(
    {
      address: z
        .preprocess(
          (value) => (typeof value === "string" ? [value] : value),
          z.array(listenAddress, { error: ADDRESSES_EXPECTED }).min(1, { error: ADDRESSES_EXPECTED }),
        )
        .prefault(["127.0.0.1:8653"])
        .meta({
          description: "Where DNS is served, over UDP and TCP.",
          value: "an IP address and a port, or a list of such; port 0 is any free one",
          taken: ["0.0.0.0:53", ["127.0.0.1:53", "[::1]:53"]],
          refused: "localhost:53",
        }),
      domain: domainName.prefault("headwaiter.internal").meta({
        description: "The zone that is answered.",
        value: "a domain name of at most 200 characters, not under `.local`",
        taken: ["discovery.example"],
        refused: "office.local",
      }),
      ttl: ttlMs.prefault("0s").meta({
        description: "How long a cache may keep an answer that follows a list.",
        value: "a duration in whole seconds, at most `2147483647s`",
        taken: ["5s"],
        refused: "1500ms",
      }),
      negative_ttl: ttlMs.prefault("1s").meta({
        description: "How long a cache may keep that there is no such name or record.",
        value: "a duration in whole seconds, at most `2147483647s`",
        taken: ["30s"],
        refused: "600000h",
      }),
      rate_limit: rateLimit
        .nullable()
        .default(1000)
        .meta({
          description:
            "Answers a second over UDP to each network beyond loopback; of more, half are truncated and half left out.",
          value: "a whole number from 1 to 1000000, or `null` for no limit",
          taken: [5000, null],
          refused: 0,
        }),
      sockets: z
        .union([z.literal(1), z.literal(2)], { error: "expected 1 or 2" })
        .default(1)
        .meta({
          description: "Threads that answer UDP on one port.",
          value: "`1` or `2`",
          taken: [2],
          refused: 3,
        }),
      listener: z
        .enum(["auto", "dns2"], { error: "expected auto or dns2" })
        .default("auto")
        .meta({
          description:
            "How queries over UDP are taken: many a call where the system has the calls for it (Linux), or one a call.",
          value: "`auto` or `dns2`",
          taken: ["dns2"],
          refused: "dgram",
        }),
      consul_names: z
        .enum(["head", "all", "off"], { error: "expected head, all or off" })
        .default("off")
        .meta({
          description:
            "Whether Consul's own names of services are answered, too: with the head of the pool of that service, or with all servers that are usable now, the head first.",
          value: "`head`, `all` or `off`",
          taken: ["head", "all"],
          refused: "on",
        }),
      consul_domain: domainName.prefault("consul").meta({
        description: "The domain of Consul's own names; Consul's key `domain`.",
        value: "a domain name of at most 200 characters, not under `.local`",
        taken: ["consul.example"],
        refused: "office.local",
      }),
      consul_address: parsed(
        parseConsulDns,
        'an IP address, with a port or without, such as "127.0.0.1:8600"',
      )
        .nullable()
        .default(null)
        .meta({
          description:
            "Consul's own DNS, which is asked what else lies under `dns.consul_domain` where `dns.consul_names` is not off.",
          value: "an IP address, with a port or without, which is 8600 then, or `null` for nobody",
          taken: ["127.0.0.1:8600", null],
          refused: "localhost:8600",
        }),
      nameservers: z
        .array(nameserver, { error: "expected a list of addresses" })
        .default([])
        .meta({
          description:
            "Who is asked for the names of servers; an empty list stands for those of `resolv.conf`.",
          value: "a list of IP addresses, with a port or without",
          taken: [["127.0.0.53", "[2001:db8::1]:53"]],
          refused: ["dns.example"],
        }),
    },
    mapping,
  )
  .refine(
    ({ consul_domain, consul_names, domain }) =>
      consul_names === "off" || !(isWithin(consul_domain, domain) || isWithin(domain, consul_domain)),
    { path: ["consul_domain"], error: "expected a domain that is not dns.domain, nor under it or above it" },
  )
  .refine(
    ({ address, consul_address }) => !address.some((own) => consul_address && leadsTo(consul_address, own)),
    {
      path: ["consul_address"],
      error: "expected an address of Consul's DNS, not one of dns.address: questions would go round for ever",
    },
  )
  .meta({ description: "DNS: where it is served, and where names of servers are looked up." });

function isWithin(name: string, domain: string): boolean {
  return `.${name}`.endsWith(`.${domain}`);
}

/** Whether what is sent there arrives at a listener. */
function leadsTo(there: ListenAddress, { host, port }: ListenAddress): boolean {
  const own = parseIpAddress(host)?.host;
  const isAny = own === "0.0.0.0" || own === "::";
  return there.port === port && (there.host === own || (isAny && isLoopback(there.host)));
}

type DnsSettings = z.infer<typeof dnsSettings>;

/** As `DnsServer` takes them. */
export function dnsOptions(settings: DnsSettings, datacenter: string) {
  const { address, consul_names, domain, listener, ttl, negative_ttl, rate_limit, sockets } = settings;
  return {
    listen: address,
    domain,
    ttlSeconds: ttl / 1_000,
    negativeTtlSeconds: negative_ttl / 1_000,
    sockets,
    listener,
    ...defined({
      rateLimit: rate_limit,
      consulNames: consul_names === "off" ? undefined : consulNames(settings, consul_names, datacenter),
    }),
  };
}

function consulNames(
  { consul_address: at, consul_domain: domain }: DnsSettings,
  answers: "head" | "all",
  datacenter: string,
) {
  return { domain, datacenter, answers, ...(at && { forwardTo: { address: at.host, port: at.port } }) };
}

/** As `DnsResolver` takes them. */
export function resolverOptions({ nameservers }: DnsSettings) {
  return { nameservers: nameservers.map(({ host, port }) => joinHostPort(host, port)) };
}
