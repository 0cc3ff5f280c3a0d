import { X509Certificate } from "node:crypto";

/** `notAfter` of the first certificate of a PEM file; undefined when there is none that can be read. */
export function notAfterOf(pem: Buffer | undefined): Date | undefined {
  if (pem === undefined) return undefined;
  try {
    return new Date(new X509Certificate(pem).validTo);
  } catch {
    // Whoever dials with it is told what is wrong.
    return undefined;
  }
}

export function earliest(...dates: readonly (Date | undefined)[]): Date | undefined {
  const known = dates.filter((date) => date !== undefined).map((date) => date.getTime());
  return known.length === 0 ? undefined : new Date(Math.min(...known));
}
