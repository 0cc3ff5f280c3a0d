import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { concatBytes, utf8 } from "../../arkd/engine/bytes";
import type { AssetType } from "./rows";

/** BIP-TAP: what fixes an asset id is the outpoint the minting tx spends first, so no id exists before a batch is funded. */
export function assetIdOf(genesis: {
  readonly genesisPoint: string;
  readonly name: string;
  readonly metaHash: string;
  readonly outputIndex: number;
  readonly assetType: AssetType;
}): string {
  const tail = Buffer.alloc(5);
  tail.writeUInt32BE(genesis.outputIndex, 0);
  tail.writeUInt8(genesis.assetType === "collectible" ? 1 : 0, 4);
  return hex.encode(
    sha256(
      concatBytes(
        outpointBytes(genesis.genesisPoint),
        sha256(utf8(genesis.name)),
        hex.decode(genesis.metaHash),
        new Uint8Array(tail),
      ),
    ),
  );
}

/** Of a meta reveal. tapd hashes its TLV encoding; here the same fields are hashed in a fixed order, so the value differs. */
export function metaHashOf(metaData: string, metaType: number, decimalDisplay: number): string {
  return hex.encode(sha256(utf8(`${metaType}/${decimalDisplay}/${metaData}`)));
}

/** The 36 bytes an outpoint has in a transaction. */
function outpointBytes(outpoint: string): Uint8Array {
  const { txid, vout } = splitOutpoint(outpoint);
  const index = Buffer.alloc(4);
  index.writeUInt32LE(vout);
  return concatBytes(hex.decode(txid).reverse(), new Uint8Array(index));
}

/** Of `txid:vout`. */
export function splitOutpoint(outpoint: string): { readonly txid: string; readonly vout: number } {
  const [txid = "", vout = "0"] = outpoint.split(":");
  return { txid, vout: Number(vout) };
}
