/** The system's error codes in words that fit behind the name of a file or an address. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "expected an address that this machine has",
  EDQUOT: "disk quota exceeded",
  EFBIG: "larger than a file may be",
  EIO: "input/output error",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "its name is too long",
  ENOENT: "no such file",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of its path is no directory",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** Why a call of the system failed; its code when there are no words for it. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return REASONS[code] ?? code;
}
