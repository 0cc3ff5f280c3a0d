import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32m, hex } from "@scure/base";

import { concatBytes, utf8 } from "../../arkd/engine/bytes";
import { TapdError } from "./tapd-error";

/** What an address says by itself, without any database. */
export interface TapAddressContent {
  readonly assetId: string;
  readonly groupKey: string;
  readonly amount: bigint;
  readonly isCollectible: boolean;
  readonly scriptKey: string;
  readonly internalKey: string;
  readonly courierAddr: string;
  readonly assetVersion: number;
  readonly addressVersion: number;
}

const HRP_BY_NETWORK: Readonly<Record<string, string>> = {
  mainnet: "tapbc",
  testnet: "taptb",
  regtest: "taprt",
  simnet: "tapsb",
  signet: "taptb",
};
const HRPS: ReadonlySet<string> = new Set(Object.values(HRP_BY_NETWORK));

/** Longer than any address made here; bech32m itself has no useful limit for them. */
const ADDRESS_CHARS_MAX = 2_000;

/**
 * bech32m with tapd's prefixes. The payload is devnet's own: fields in a fixed order instead of tapd's TLV records, so no real tapd
 * can be paid by mistake.
 */
export function encodeTapAddress(network: string, content: TapAddressContent): string {
  const amount = Buffer.alloc(8);
  amount.writeBigUInt64BE(content.amount);
  const payload = concatBytes(
    Uint8Array.of(content.addressVersion, content.assetVersion, content.isCollectible ? 1 : 0),
    hex.decode(content.assetId),
    hex.decode(content.groupKey === "" ? "00".repeat(33) : content.groupKey),
    hex.decode(content.scriptKey),
    hex.decode(content.internalKey),
    new Uint8Array(amount),
    utf8(content.courierAddr),
  );
  return bech32m.encode(HRP_BY_NETWORK[network] ?? "taprt", bech32m.toWords(payload), ADDRESS_CHARS_MAX);
}

const FIXED_BYTES = 3 + 32 + 33 + 33 + 33 + 8;

/** Throws tapd's texts for another network and for garbage. */
export function decodeTapAddress(network: string, encoded: string): TapAddressContent {
  const { prefix, bytes } = decodeBech32m(encoded);
  if (!HRPS.has(prefix)) throw new TapdError("address: unsupported HRP value");
  if (prefix !== HRP_BY_NETWORK[network]) throw new TapdError("address: network mismatch");
  if (bytes.length < FIXED_BYTES) throw new TapdError("EOF");
  const at = (start: number, length: number): string => hex.encode(bytes.subarray(start, start + length));
  const groupKey = at(35, 33);
  return {
    addressVersion: bytes[0] ?? 0,
    assetVersion: bytes[1] ?? 0,
    isCollectible: bytes[2] === 1,
    assetId: at(3, 32),
    groupKey: groupKey === "00".repeat(33) ? "" : groupKey,
    scriptKey: at(68, 33),
    internalKey: at(101, 33),
    amount: BigInt(`0x${at(134, 8)}`),
    courierAddr: Buffer.from(bytes.subarray(FIXED_BYTES)).toString("utf8"),
  };
}

/** The output a sender pays, x-only. */
export function taprootOutputKeyOf(content: TapAddressContent): string {
  const secret = sha256(utf8(`devnet/tap output/${content.scriptKey}/${content.internalKey}/${content.assetId}`));
  return hex.encode(secp256k1.getPublicKey(secret, true)).slice(2);
}

function decodeBech32m(encoded: string): { prefix: string; bytes: Uint8Array } {
  try {
    const { prefix, words } = bech32m.decode(encoded as `${string}1${string}`, ADDRESS_CHARS_MAX);
    return { prefix, bytes: bech32m.fromWords(words) };
  } catch (error) {
    throw new TapdError(`address: invalid bech32m string: ${error instanceof Error ? error.message : String(error)}`);
  }
}
