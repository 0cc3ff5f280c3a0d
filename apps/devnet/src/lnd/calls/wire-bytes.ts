import { LndError } from "../engine/lnd-error";

/** Hashes and preimages: natural order. */
export function fromHex(hexText: string): Buffer {
  return Buffer.from(hexText, "hex");
}

/** `bytes` txids are in internal order, the reverse of what explorers show. */
export function toTxidBytes(txid: string): Buffer {
  return Buffer.from(txid, "hex").reverse();
}

export function fromTxidBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString("hex");
}

export function splitOutpoint(outpoint: string): { readonly txid: string; readonly vout: number } {
  const [txid = "", vout = "0"] = outpoint.split(":");
  return { txid, vout: Number(vout) };
}

/** Both twins may not be set; neither may be negative. */
export function readMsat(sats: bigint, msat: bigint): bigint {
  if (sats !== 0n && msat !== 0n) throw new LndError("sat and msat arguments are mutually exclusive");
  if (sats < 0n || msat < 0n) throw new LndError("amount cannot be negative");
  return sats === 0n ? msat : sats * 1_000n;
}

/** Seconds to what the protos call an epoch; milliseconds to nanoseconds. */
export function toNanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}

export function toRecordMap(records: Readonly<Record<string, string>>): Map<bigint, Buffer> {
  return new Map(Object.entries(records).map(([key, value]) => [BigInt(key), fromHex(value)]));
}

export function fromRecordMap(records: ReadonlyMap<bigint, Buffer>): Record<string, string> {
  return Object.fromEntries([...records].map(([key, value]) => [key.toString(), value.toString("hex")]));
}
