import { documentsOfPools, poolPath } from "../client/pools.ts";
import { objectAt, textAt } from "../client/reading.ts";
import type { ClientCommand } from "../client-run.ts";
import { EXIT } from "../command-failure.ts";
import { serversText } from "../show/servers-text.ts";
import { shown } from "../watch.ts";

/** The lists; 2 when a pool has no head, but for those that a question started, unless it is asked for. */
export const runServers: ClientCommand = async ({ client, flags, output }) =>
  await shown({
    client,
    output,
    pool: flags.pool,
    isWatch: flags.watch === true,
    read: () => documentsOfPools(client, flags.pool, (name) => client.getDocument(poolPath(name))),
    show: (documents) => {
      if (output.isJson) {
        output.document({ pools: documents.map(({ body }) => body) });
      } else {
        const texts = documents.map(({ at, body }) => serversText(body, at, output.paint));
        output.lines(texts.flatMap((text, i) => (i === 0 ? text : ["", ...text])));
      }
      const haveHeads = documents
        .filter(({ body }) => flags.pool !== undefined || body["on_demand"] !== true)
        .every(({ body }) => textAt(objectAt(body, "head"), "address") !== undefined);
      return haveHeads ? EXIT.done : EXIT.no;
    },
  });
