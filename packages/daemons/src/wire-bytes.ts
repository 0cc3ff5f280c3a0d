/** Hashes, preimages and keys stand on the wire as hex reads. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function fromHex(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

/** Txids in `bytes` fields of lnd and tapd are in wire order, the reverse of the hex that everybody shows. */
export function toTxid(wireOrder: Uint8Array): string {
  return Buffer.from(wireOrder).reverse().toString("hex");
}

export function fromTxid(txid: string): Buffer {
  return fromHex(txid).reverse();
}

export function fromUnixSeconds(seconds: bigint): Date {
  return new Date(Number(seconds) * 1000);
}
