/** Non-witness bytes count four times (BIP141). */
const WITNESS_SCALE = 4;
/** version, locktime, and the zero-value anchor output `51024e73`. */
const FRAME_BYTES = 4 + 4 + 13;
const INPUT_BYTES = 41;
const P2TR_OUTPUT_BYTES = 43;
const AMOUNT_BYTES = 8;
/** Segwit marker and flag. */
const MARKER_WEIGHT = 2;
/** Two 64-byte signatures, the 68-byte collaborative leaf and a 65-byte control block, each with its length, and their count. */
const DEFAULT_INPUT_WITNESS_WEIGHT = 1 + 2 * 65 + 69 + 66;

/**
 * Weight units of the finalised ark tx: inputs spend default scripts, outputs are taproot; neither the anchor nor an asset
 * packet, whose script has `packetScriptBytes`, is counted in `outputs`. arkd refuses more than GetInfo.max_tx_weight
 * (TX_TOO_LARGE).
 */
export function arkTxWeight(inputs: number, outputs: number, packetScriptBytes = 0): number {
  const hasPacket = packetScriptBytes > 0;
  const counts = compactSizeLength(inputs) + compactSizeLength(outputs + (hasPacket ? 2 : 1));
  const packetBytes = hasPacket ? AMOUNT_BYTES + compactSizeLength(packetScriptBytes) + packetScriptBytes : 0;
  const baseBytes = FRAME_BYTES + counts + inputs * INPUT_BYTES + outputs * P2TR_OUTPUT_BYTES + packetBytes;
  return baseBytes * WITNESS_SCALE + MARKER_WEIGHT + inputs * DEFAULT_INPUT_WITNESS_WEIGHT;
}

function compactSizeLength(count: number): number {
  if (count < 253) return 1;
  return count <= 0xffff ? 3 : 5;
}

/** The share of a transaction that arkd reserves for its packet, and what the frame and one group with one output weigh there. */
const PACKET_SHARE = 0.5;
const PACKET_FRAME_WEIGHT = 28;
const REFERENCE_GROUP_WEIGHT = 180;

/** Assets that arkd lets one VTXO carry (VTXO_WITH_TOO_MANY_ASSETS above it): one it could not spend again would be lost. */
export function maxAssetsPerVtxo(maxTxWeight: number): number {
  return Math.max(0, Math.floor((maxTxWeight * PACKET_SHARE - PACKET_FRAME_WEIGHT) / REFERENCE_GROUP_WEIGHT));
}
