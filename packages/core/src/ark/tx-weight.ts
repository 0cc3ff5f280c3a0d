/** Non-witness bytes count four times (BIP141). */
const WITNESS_SCALE = 4;
/** version, locktime, and the zero-value anchor output `51024e73`. */
const FRAME_BYTES = 4 + 4 + 13;
const INPUT_BYTES = 41;
const P2TR_OUTPUT_BYTES = 43;
/** Segwit marker and flag. */
const MARKER_WEIGHT = 2;
/** Two 64-byte signatures, the 68-byte collaborative leaf and a 65-byte control block, each with its length, and their count. */
const DEFAULT_INPUT_WITNESS_WEIGHT = 1 + 2 * 65 + 69 + 66;

/**
 * Weight units of the finalised ark tx: inputs spend default scripts, outputs are taproot, the anchor is not counted in
 * `outputs`. arkd refuses more than GetInfo.max_tx_weight (TX_TOO_LARGE).
 */
export function arkTxWeight(inputs: number, outputs: number): number {
  const counts = compactSizeLength(inputs) + compactSizeLength(outputs + 1);
  const baseBytes = FRAME_BYTES + counts + inputs * INPUT_BYTES + outputs * P2TR_OUTPUT_BYTES;
  return baseBytes * WITNESS_SCALE + MARKER_WEIGHT + inputs * DEFAULT_INPUT_WITNESS_WEIGHT;
}

function compactSizeLength(count: number): number {
  return count < 253 ? 1 : 3;
}
