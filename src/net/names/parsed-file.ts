import { readFile, stat } from "node:fs/promises";
import { messageOf } from "../../core/message-of.ts";
import { ResolveError } from "./resolve-error.ts";

/** A small system file, read again only when it changed. */
export class ParsedFile<Content> {
  readonly #path: string;
  readonly #parse: (text: string) => Content;
  #read: { readonly version: string; readonly content: Content } | undefined;

  constructor(path: string, parse: (text: string) => Content) {
    this.#path = path;
    this.#parse = parse;
  }

  /**
   * What the file says now; a missing one counts as empty.
   * @throws ResolveError `file-unreadable` when it is there and can't be read.
   */
  async content(): Promise<Content> {
    try {
      // The version is taken before the text: a change in between is seen again next time, never missed.
      const version = await this.#version();
      if (this.#read?.version !== version) {
        const text = version === "missing" ? "" : await readFile(this.#path, "utf8");
        this.#read = { version, content: this.#parse(text) };
      }
      return this.#read.content;
    } catch (error) {
      const reason = messageOf(error);
      throw new ResolveError("file-unreadable", `${this.#path}: expected a readable file (${reason})`, {
        cause: error,
      });
    }
  }

  async #version(): Promise<string> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.#path, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
    } catch (error) {
      if (
        error instanceof Error &&
        "code" in error &&
        (error.code === "ENOENT" || error.code === "ENOTDIR")
      ) {
        return "missing";
      }
      throw error;
    }
  }
}
