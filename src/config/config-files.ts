/** Which files a path of the configuration stands for. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The files of a directory in the order of their names. @throws Node's error when it can't be read. */
export function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter(isConfigFile)
    .toSorted()
    .map((name) => join(directory, name));
}

/**
 * By the end of the name, which passes over `a.yaml~`, `#a.yaml#`, `4913`, `.a.yaml.swp`, `a.yaml.dpkg-old` and
 * `a.yaml.rpmsave`; and not hidden, which passes over Emacs's locks (`.#a.yaml`), macOS's `._a.yaml` and the `..data`
 * of Kubernetes.
 */
function isConfigFile(name: string): boolean {
  return /^[^.#~].*\.(ya?ml|json)$/.test(name);
}
