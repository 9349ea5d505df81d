/** Archives that every `tar` reads: ustar, POSIX.1-1988. */

export interface ArchivedFile {
  /** ASCII, at most 100 bytes. */
  readonly name: string;
  readonly content: Buffer;
}

const BLOCK = 512;

/** What holds diagnoses is its owner's alone. */
const MODE = 0o600;

/** The bytes of the archive. `modifiedAt`: of all files, in ms since 1970. */
export function tarOf(files: readonly ArchivedFile[], modifiedAt: number): Buffer {
  const parts = files.flatMap(({ content, name }) => [
    header(name, content.length, modifiedAt),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  // Two empty blocks end it.
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, size: number, modifiedAt: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  block.write(name, 0, 100, "latin1");
  block.write(octal(MODE, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1"); // uid
  block.write(octal(0, 7), 116, "latin1"); // gid
  block.write(octal(size, 11), 124, "latin1");
  block.write(octal(Math.floor(modifiedAt / 1_000), 11), 136, "latin1");
  block.write(" ".repeat(8), 148, "latin1"); // the sum below counts itself as spaces
  block.write("0", 156, "latin1"); // a regular file
  block.write("ustar\u{0}00", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u{0} `, 148, "latin1");
  return block;
}
