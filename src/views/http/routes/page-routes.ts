/** The page for people: files that the build made, read when somebody asks for them. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { printable } from "../../../core/printable.ts";
import { ApiError } from "../api-error.ts";

/** Where the page is. */
const PAGE_PATH = "/ui/";

/** One label for all of it in the metrics. */
const PAGE_ROUTE = "/ui/*";

/** What a path below `/ui/` is; no other file is ever read. */
const FILES: ReadonlyMap<string, { readonly file: string; readonly type: string }> = new Map([
  ["", { file: "index.html", type: "text/html; charset=utf-8" }],
  ["page.js", { file: "page.js", type: "text/javascript; charset=utf-8" }],
  ["page.css", { file: "page.css", type: "text/css; charset=utf-8" }],
]);

const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** In `dist` beside the program; when src itself runs, as the last build left it. */
export const BUILT_PAGE = join(
  import.meta.dirname,
  extname(import.meta.filename) === ".ts" ? "../../../../dist/ui" : "../ui",
);

/** @param folder of the built page; where it is not there, the page is no such path. */
export function addPage(app: FastifyInstance, folder: string): void {
  for (const path of ["/", "/ui"]) {
    app.get(path, async (_request, reply) => {
      await reply.headers(SECURITY_HEADERS).redirect(PAGE_PATH, 302);
    });
  }
  app.get(PAGE_ROUTE, async (request, reply) => {
    const found = FILES.get((request.params as { readonly "*": string })["*"]);
    if (found === undefined) {
      throw new ApiError("unknown-route", `no such path: ${printable(request.url)}`);
    }
    await sendFile(request, reply.headers(SECURITY_HEADERS).type(found.type), join(folder, found.file));
  });
}

/** The methods of a path of the page; none when it is no such path. */
export function methodsOfPage(url: string): readonly string[] {
  const [path = ""] = url.split("?");
  const isPage = path === "/" || path === "/ui" || (path.startsWith(PAGE_PATH) && FILES.has(path.slice(4)));
  return isPage ? ["HEAD", "GET"] : [];
}

/** Kept by the browser, which asks each time whether it is still the same: the next version of the agent may differ. */
async function sendFile(request: FastifyRequest, reply: FastifyReply, path: string): Promise<void> {
  const zipped = acceptsGzip(request) ? await read(`${path}.gz`) : undefined;
  const content = zipped ?? (await read(path));
  if (content === undefined) {
    throw new ApiError("unknown-route", "the page is not there: it comes with the built program");
  }
  const tag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
  void reply.headers({ "cache-control": "no-cache", etag: tag, vary: "accept-encoding" });
  if (namesTag(request.headers["if-none-match"], tag)) {
    await reply.code(304).send();
    return;
  }
  if (zipped !== undefined) {
    void reply.header("content-encoding", "gzip");
  }
  await reply.send(content);
}

function acceptsGzip({ headers }: FastifyRequest): boolean {
  const accepted = (headers["accept-encoding"] ?? "").split(",");
  return accepted.some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}

/** `If-None-Match`: a list of tags, or `*`; a weak one stands for the strong one (RFC 9110 13.1.2). */
function namesTag(header: string | undefined, tag: string): boolean {
  const tags = (header ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  return tags.includes(tag) || tags.includes("*");
}

/** `undefined`: no such file. */
async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
