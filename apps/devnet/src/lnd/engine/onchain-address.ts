import { createHash } from "node:crypto";

import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import { Address, OutScript } from "@scure/btc-signer";

import type { Bolt11Field } from "../../bolt11/bolt11-invoice";
import { LndError } from "./lnd-error";
import type { AddressType } from "./lnd-node";

const REGTEST = { bech32: "bcrt", pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };
const codec = Address(REGTEST);

/** An address that follows from 32 bytes. Nobody holds a key for it: devnet's chain has no scripts to satisfy. */
export function toAddress(type: AddressType, bytes: Uint8Array): string {
  const hash20 = createHash("ripemd160").update(bytes).digest();
  switch (type) {
    case "p2wkh":
      return codec.encode({ type: "wpkh", hash: hash20 });
    case "np2wkh":
      return codec.encode({ type: "sh", hash: hash20 });
    case "p2tr":
      // A key of the curve, since wallets refuse other ones.
      return codec.encode({ type: "tr", pubkey: schnorr.getPublicKey(bytes) });
  }
}

/** Hex of the output script. Throws lnd's refusal of addresses of other networks. */
export function toScript(address: string): string {
  if (/^(?:02|03)[0-9a-f]{64}$/i.test(address)) throw new LndError("cannot send coins to pubkeys");
  try {
    return hex.encode(OutScript.encode(codec.decode(address)));
  } catch {
    throw new LndError(`address: ${address} is not valid for this network: regtest`);
  }
}

export function toFallbackField(address: string): Bolt11Field {
  const script = toScript(address);
  const bytes = hex.decode(script);
  // A witness program is a version opcode and one push; everything else here is p2sh or p2pkh.
  if (bytes[0] === 0x00) return { tag: "fallback", version: 0, program: script.slice(4) };
  if (bytes[0] === 0x51) return { tag: "fallback", version: 1, program: script.slice(4) };
  if (bytes[0] === 0xa9) return { tag: "fallback", version: 18, program: script.slice(4, 44) };
  return { tag: "fallback", version: 17, program: script.slice(6, 46) };
}

/** The address of a fallback field, as DecodePayReq shows it. */
export function fromFallbackField({ version, program }: Extract<Bolt11Field, { tag: "fallback" }>): string {
  const hash = hex.decode(program);
  if (version === 17) return codec.encode({ type: "pkh", hash });
  if (version === 18) return codec.encode({ type: "sh", hash });
  if (version === 1) return codec.encode({ type: "tr", pubkey: hash });
  return codec.encode(hash.length === 20 ? { type: "wpkh", hash } : { type: "wsh", hash });
}
