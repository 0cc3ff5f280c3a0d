import { CSVMultisigTapscript, DefaultVtxo, type RelativeTimelock } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { p2wpkh, TEST_NETWORK } from "@scure/btc-signer";
import { pointFromScalar, signSchnorr, xOnlyPointFromScalar } from "tiny-secp256k1";

import { decodeVtxoScript } from "./decode-vtxo-script";
import { type ArkdSettings, digestOf } from "./settings";

/** arkd's two keys. The signer co-signs every collaborative spend, the forfeit key owns the checkpoints' unroll leaf. */
export interface ServerKeys {
  readonly signerSecret: Uint8Array;
  readonly forfeitSecret: Uint8Array;
}

/** What GetInfo tells about the keys and what follows from them. */
export interface ServerInfo {
  /** 33 bytes as 66 hex. */
  readonly signerPubkey: string;
  /** 33 bytes as 66 hex. */
  readonly forfeitPubkey: string;
  readonly forfeitAddress: string;
  readonly checkpointTapscript: string;
  readonly digest: string;
}

export function toServerInfo(keys: ServerKeys, settings: ArkdSettings): ServerInfo {
  const signerPubkey = compressedOf(keys.signerSecret);
  const forfeitPubkey = compressedOf(keys.forfeitSecret);
  return {
    signerPubkey,
    forfeitPubkey,
    forfeitAddress: forfeitAddress(keys),
    checkpointTapscript: hex.encode(checkpointTapscript(keys, settings)),
    digest: digestOf(settings, signerPubkey, forfeitPubkey),
  };
}

/** x-only, 64 hex. */
export function xOnlyOf(secret: Uint8Array): string {
  return hex.encode(xOnlyPointFromScalar(secret));
}

/** 33 bytes as 66 hex, the form of GetInfo. */
function compressedOf(secret: Uint8Array): string {
  const point = pointFromScalar(secret, true);
  if (point === null) throw new Error("the secret is not a valid key");
  return hex.encode(point);
}

export function signWith(secret: Uint8Array, sighash: Uint8Array): Uint8Array {
  return signSchnorr(sighash, secret);
}

/** arkd's raw delay: below 512 it counts blocks, from there on seconds. */
export function toTimelock(delay: number): RelativeTimelock {
  return { type: delay < 512 ? "blocks" : "seconds", value: BigInt(delay) };
}

/** The leaf by which the server alone can claim a checkpoint output after the delay. */
function checkpointTapscript(keys: ServerKeys, settings: ArkdSettings): Uint8Array {
  return CSVMultisigTapscript.encode({
    timelock: toTimelock(settings.checkpointExitDelay),
    pubkeys: [xOnlyPointFromScalar(keys.forfeitSecret)],
  }).script;
}

/** The default VTXO script of an owner (collaborative leaf and exit leaf), hex. Throws when the key is not on the curve. */
export function defaultScriptOf(ownerPubkey: string, keys: ServerKeys, settings: ArkdSettings): string {
  const script = new DefaultVtxo.Script({
    pubKey: hex.decode(ownerPubkey),
    serverPubKey: xOnlyPointFromScalar(keys.signerSecret),
    csvTimelock: toTimelock(settings.unilateralExitDelay),
  });
  // Decoded once here so that the first spend of this owner finds it in the cache.
  return decodeVtxoScript(script.encode()).pkScript;
}

/** Output script of the forfeit address. */
export function forfeitScriptOf(keys: ServerKeys): Uint8Array {
  return p2wpkh(hex.decode(compressedOf(keys.forfeitSecret)), REGTEST).script;
}

function forfeitAddress(keys: ServerKeys): string {
  const { address } = p2wpkh(hex.decode(compressedOf(keys.forfeitSecret)), REGTEST);
  if (address === undefined) throw new Error("the forfeit key gives no address");
  return address;
}

const REGTEST = { ...TEST_NETWORK, bech32: "bcrt" };
