import { isIP } from "node:net";
import { generate } from "selfsigned";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const FAST = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

/** An authority made for one test run. */
export async function makeAuthority(name: string): Promise<Certificate> {
  const made = await generate([{ name: "commonName", value: name }], {
    ...FAST,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

interface Validity {
  readonly notBeforeDate?: Date;
  readonly notAfterDate?: Date;
}

/**
 * A certificate for this DNS name or IP address, signed by the authority; as Nomad's agents use them, for serving and
 * for calling.
 */
export async function issue(
  authority: Certificate,
  name: string,
  validity: Validity = {},
): Promise<Certificate> {
  const made = await generate([{ name: "commonName", value: name }], {
    ...FAST,
    ...validity,
    ca: authority,
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name }],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
