import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { generate } from "selfsigned";

import { writeFileAtomically } from "../journal/write-file-atomically";

/** lnd and tapd make certificates for 14 months. */
const VALID_DAYS = 14 * 30;
const DAY_MS = 86_400_000;

export interface TlsIdentity {
  /** Where clients find the certificate they have to trust. */
  readonly certFile: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateValidity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * The certificate of a daemon in `<folder>/tls.cert` and `tls.key`, made when there is none or, as lnd does at its start, when it has
 * expired. By the machine's real time: that is what clients check it against.
 */
export async function openTlsIdentity(folder: string, organisation: string): Promise<TlsIdentity> {
  const files = identityFiles(folder);
  if (!existsSync(files.certFile) || !existsSync(files.keyFile) || isExpired(readFileSync(files.certFile, "utf8"))) {
    return rotateTlsIdentity(folder, organisation);
  }
  const [cert, key] = [readFileSync(files.certFile, "utf8"), readFileSync(files.keyFile, "utf8")];
  return { certFile: files.certFile, cert, key };
}

/** A new key and certificate in place of the old ones: self-signed ECDSA P-256, for this machine only. */
export async function rotateTlsIdentity(
  folder: string,
  organisation: string,
  validity: CertificateValidity = defaultValidity(),
): Promise<TlsIdentity> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { cert, private: key } = await generate(
    [
      { name: "organizationName", value: organisation },
      { name: "commonName", value: "localhost" },
    ],
    {
      keyType: "ec",
      curve: "P-256",
      algorithm: "sha256",
      notBeforeDate: validity.notBefore,
      notAfterDate: validity.notAfter,
      extensions: [
        { name: "keyUsage", critical: true, keyEncipherment: true, digitalSignature: true, keyCertSign: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "basicConstraints", critical: true, cA: true },
        {
          name: "subjectAltName",
          altNames: [
            { type: 2, value: "localhost" },
            { type: 7, ip: "127.0.0.1" },
            { type: 7, ip: "::1" },
          ],
        },
      ],
    },
  );
  const files = identityFiles(folder);
  // The key first: a certificate without its key would stop the next start, a key without its certificate is made anew.
  writeFileAtomically(files.keyFile, key, 0o600);
  writeFileAtomically(files.certFile, cert);
  return { certFile: files.certFile, cert, key };
}

function identityFiles(folder: string): { readonly certFile: string; readonly keyFile: string } {
  return { certFile: join(folder, "tls.cert"), keyFile: join(folder, "tls.key") };
}

function isExpired(cert: string): boolean {
  return Date.parse(new X509Certificate(cert).validTo) <= Date.now();
}

function defaultValidity(): CertificateValidity {
  const now = Date.now();
  // An hour back, for clients whose clock is a little behind.
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + VALID_DAYS * DAY_MS) };
}
