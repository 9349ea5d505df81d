import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A folder as the whole PATH of a script: it holds those commands of the machine, and stand-ins for others. */
export class CommandFolder {
  readonly path: string;

  constructor(path: string, names: string) {
    this.path = path;
    mkdirSync(path);
    for (const name of names.split(" ")) {
      const file = [`/usr/bin/${name}`, `/bin/${name}`].find((candidate) => existsSync(candidate));
      if (file === undefined) {
        throw new Error(`this machine has no ${name}`);
      }
      symlinkSync(file, join(path, name));
    }
  }

  /** Puts a bash script in the place of a command. */
  stand(name: string, script: string): void {
    writeFileSync(join(this.path, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  }
}

/** The user and group `nobody` where this process is root and may become it; otherwise nothing. */
export const notRoot = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
