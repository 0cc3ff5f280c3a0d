import { p2tr, Script, TAPROOT_UNSPENDABLE_KEY } from "@scure/btc-signer";

import { fromHex } from "./bytes.js";
import type { Pins } from "./pins.js";

/** Marks a relative lock as one of time, in steps of 512 seconds (BIP68). */
const SECONDS_FLAG = 1 << 22;
const SECONDS_STEP = 512;

/** The leaf by which owner and arkd spend together; it stands in a VTXO and, unchanged, in the checkpoint over it. */
export function collaborativeLeaf(ownerPubkey: string, { signer }: Pick<Pins, "signer">): Uint8Array {
  return Script.encode([fromHex(ownerPubkey), "CHECKSIGVERIFY", fromHex(signer), "CHECKSIG"]);
}

/** Output script of a VTXO: the collaborative leaf, or the owner alone after the exit delay. */
export function vtxoScript(ownerPubkey: string, pins: Pick<Pins, "signer" | "exitDelay">): Uint8Array {
  const exit = Script.encode([
    exitSequence(pins.exitDelay),
    "CHECKSEQUENCEVERIFY",
    "DROP",
    fromHex(ownerPubkey),
    "CHECKSIG",
  ]);
  return taproot(collaborativeLeaf(ownerPubkey, pins), exit);
}

/** Output script of the checkpoint over a VTXO: arkd's own leaf, or the collaborative one. */
export function checkpointScript(ownerPubkey: string, pins: Pick<Pins, "signer" | "checkpointTapscript">): Uint8Array {
  return taproot(fromHex(pins.checkpointTapscript), collaborativeLeaf(ownerPubkey, pins));
}

/** arkd states blocks below 512 and seconds from there on, of which whole steps count. */
function exitSequence(exitDelay: number): number {
  return exitDelay < SECONDS_STEP ? exitDelay : SECONDS_FLAG | Math.floor(exitDelay / SECONDS_STEP);
}

/** Nobody can spend by the internal key: it is the point of BIP341 that has no known secret. */
function taproot(...leaves: readonly Uint8Array[]): Uint8Array {
  const tree = leaves.map((script) => ({ script }));
  return p2tr(TAPROOT_UNSPENDABLE_KEY, tree, undefined, true).script;
}
