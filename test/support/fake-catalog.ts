import type {
  CatalogAnswer,
  CatalogQuery,
  ConsulCatalog,
  ServiceInstance,
} from "../../src/net/consul/catalog.ts";

/** A query that waits for its answer. */
export interface OpenQuery {
  readonly query: CatalogQuery;
  answer(addresses: readonly string[], index: number | undefined, more?: Partial<CatalogAnswer>): void;
  fail(code: string, more?: { readonly brokenOff: boolean }): void;
}

/** A catalog whose every answer the test gives. An aborted query rejects, as the contract says. */
export class FakeCatalog implements ConsulCatalog {
  readonly asked: CatalogQuery[] = [];
  readonly open: OpenQuery[] = [];
  datacenterNames: readonly string[] | Error = ["dc1"];
  datacentersAsked = 0;
  /** So many of the next queries fail like a programming mistake. */
  mistakes = 0;

  instances(query: CatalogQuery): Promise<CatalogAnswer> {
    this.asked.push(query);
    if (this.mistakes > 0) {
      this.mistakes -= 1;
      return Promise.reject(new TypeError("undefined is not a function"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<CatalogAnswer>();
    const done = () => {
      this.open.splice(this.open.indexOf(open), 1);
      query.signal.removeEventListener("abort", onAbort);
    };
    const open: OpenQuery = {
      query,
      answer: (addresses, index, more) => {
        done();
        const instances = addresses.map((address) => instanceAt(address, query));
        resolve({ instances, skipped: [], index, filteredByAcl: false, withToken: false, ...more });
      },
      fail: (code, more) => {
        done();
        reject(Object.assign(failure(code), more));
      },
    };
    const onAbort = () => {
      open.fail("aborted");
    };
    query.signal.addEventListener("abort", onAbort, { once: true });
    this.open.push(open);
    return promise;
  }

  datacenters(): Promise<readonly string[]> {
    this.datacentersAsked += 1;
    return this.datacenterNames instanceof Error
      ? Promise.reject(this.datacenterNames)
      : Promise.resolve(this.datacenterNames);
  }

  /** The one query that is open for a datacenter; the local one when none is named. */
  waiting(datacenter?: string): OpenQuery {
    const found = this.open.filter(({ query }) => query.datacenter === datacenter);
    if (found[0] === undefined || found.length > 1) {
      const open = this.open.map(({ query }) => query.datacenter ?? "local").join(", ");
      throw new Error(`expected one open query for ${datacenter ?? "local"}, have: ${open}`);
    }
    return found[0];
  }
}

export function failure(code: string): Error {
  return Object.assign(new Error(`failed: ${code}`), { code });
}

function instanceAt(address: string, query: CatalogQuery): ServiceInstance {
  const colon = address.lastIndexOf(":");
  return {
    id: address,
    service: query.selection.service,
    serviceAddress: address.slice(0, colon),
    nodeAddress: "127.0.0.1",
    port: Number(address.slice(colon + 1)),
    datacenter: query.datacenter ?? "dc1",
  };
}
