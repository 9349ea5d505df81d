import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON; throws when it is none. */
  readonly json: () => object;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request to `host:port` on loopback. */
export async function ask(address: string, path: string, asked: Asked = {}): Promise<HttpReply> {
  const response = await open(address, path, asked);
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += String(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: () => JSON.parse(text) as object,
  };
}

/** As `ask`, resolved when the answer begins: to be read, or destroyed. */
export function open(address: string, path: string, { body, headers, method }: Asked = {}) {
  const [host, port] = address.split(":");
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const outgoing = request(
    { host, port, path, method: method ?? "GET", headers: { ...json, ...headers }, agent: false },
    resolve,
  );
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}
