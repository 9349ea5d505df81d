/**
 * The first key that stands twice in one object, or `undefined`. Readers of JSON disagree about which of the two
 * counts, so a body that has such a key says nothing that can be relied on.
 * @param json text that a parser of JSON has taken.
 */
export function duplicateKey(json: string): string | undefined {
  /** Keys of each object that is open; `undefined` for an array. */
  const open: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charAt(at)) {
      case "{":
        open.push(new Set());
        isKey = true;
        break;
      case "[":
        open.push(undefined);
        isKey = false;
        break;
      case "}":
      case "]":
        open.pop();
        isKey = false;
        break;
      case ",":
        isKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(json, at);
        const keys = open.at(-1);
        if (isKey && keys !== undefined) {
          // Two spellings of one key are one key.
          const key = JSON.parse(json.slice(at, end)) as string;
          if (keys.has(key)) {
            return key;
          }
          keys.add(key);
        }
        isKey = false;
        at = end - 1;
      }
    }
  }
  return undefined;
}

/** Behind the closing quote of the string that begins here. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') {
    at += json[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}
