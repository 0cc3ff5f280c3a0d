import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { utf8 } from "./bytes";

/** What an operator can change at run time. Amounts in sats; delays: below 512 blocks, from 512 on seconds. */
export interface ArkdSettings {
  readonly network: string;
  readonly unilateralExitDelay: number;
  readonly checkpointExitDelay: number;
  readonly boardingExitDelay: number;
  readonly sessionDurationSeconds: number;
  readonly vtxoTreeExpirySeconds: number;
  /** What a batch costs for each of its inputs; 0 when left out, as in journals from before batches. */
  readonly intentInputFeeSats?: number;
  readonly dustSats: number;
  /** -1 = dust. */
  readonly vtxoMinSats: number;
  /** -1 = no limit. */
  readonly vtxoMaxSats: number;
  readonly maxTxWeight: number;
  readonly maxOpReturnOutputs: number;
}

/** arkd's defaults; 86016 is 86400 rounded down to a multiple of 512 s, which is what arkd really reports. */
export const DEFAULT_SETTINGS: ArkdSettings = {
  network: "regtest",
  unilateralExitDelay: 86_016,
  checkpointExitDelay: 86_016,
  boardingExitDelay: 7_776_256,
  sessionDurationSeconds: 30,
  vtxoTreeExpirySeconds: 604_800,
  dustSats: 330,
  vtxoMinSats: -1,
  vtxoMaxSats: -1,
  maxTxWeight: 40_000,
  maxOpReturnOutputs: 3,
};

/** The smallest amount of any new VTXO, sub-dust ones included: that is how arkd reads `-1`. */
export function minVtxoSats(settings: ArkdSettings): bigint {
  return BigInt(settings.vtxoMinSats === -1 ? settings.dustSats : settings.vtxoMinSats);
}

/** The packet may take half of a transaction; 28 weight units frame it and one asset with one output takes 180. */
const PACKET_SHARE = 0.5;
const PACKET_FRAME_WEIGHT = 28;
const ASSET_GROUP_WEIGHT = 180;

/** A VTXO with more assets could never be spent: the packet that names them all would be too large. */
export function maxAssetsPerVtxo({ maxTxWeight }: ArkdSettings): number {
  return Math.max(0, Math.floor((maxTxWeight * PACKET_SHARE - PACKET_FRAME_WEIGHT) / ASSET_GROUP_WEIGHT));
}

/** Changes with every change of settings or keys; clients send it back as x-digest. */
export function digestOf(settings: ArkdSettings, signerPubkey: string, forfeitPubkey: string): string {
  const rows = Object.entries(settings).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return hex.encode(sha256(utf8(JSON.stringify([rows, signerPubkey, forfeitPubkey]))));
}

/** Relative locks in seconds count 512 of them (BIP68): arkd rounds the expiry of its trees down to that. */
export function toBatchExpiry(vtxoTreeExpirySeconds: number): number {
  return Math.max(1, Math.floor(vtxoTreeExpirySeconds / 512)) * 512;
}
