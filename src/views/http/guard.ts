import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { printable } from "../../core/printable.ts";
import type { SecretFile } from "../../files/secret-file.ts";
import { ApiError } from "./api-error.ts";

/**
 * Browsers must not reach the agent through a page of another site or a rebound name; writes may need a token.
 * @throws ApiError when the request is refused.
 */
export function guard({ headers, method, raw }: FastifyRequest, tokenFile: SecretFile | undefined): void {
  // An address in the request line counts before the header (RFC 9112 3.2.2).
  const [, target = headers.host ?? ""] = /^https?:\/\/([^/?#]*)/i.exec(raw.url ?? "") ?? [];
  const host = target.replace(/:\d+$/, "");
  if (!/^(localhost|\[[0-9a-f:.]+\]|[0-9.]+)$/i.test(host)) {
    throw new ApiError("host-refused", `host "${printable(host)}": expected an IP address or localhost`);
  }
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host ?? ""}`) {
    throw new ApiError("origin-refused", "requests from pages of other sites are refused");
  }
  if (method === "GET" || method === "HEAD" || tokenFile === undefined) {
    return;
  }
  // Without any, which fits no request: a file that is not there yet must not open the door.
  const expected = Buffer.from(tokenFile.token() ?? "");
  const given = Buffer.from((headers.authorization ?? "").replace(/^Bearer /, ""));
  if (!(expected.length > 0 && given.length === expected.length && timingSafeEqual(given, expected))) {
    const message = "expected the token of http.token_file in the header Authorization: Bearer …";
    throw new ApiError("token-refused", message);
  }
}
