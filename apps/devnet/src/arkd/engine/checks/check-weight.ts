import { TaprootControlBlock } from "@scure/btc-signer/psbt.js";

import { ArkdError } from "../arkd-error";
import { conditionWitnessOf } from "../psbt";
import type { ArkdSettings } from "../settings";
import type { OwnerSignatures } from "./check-ark-signatures";
import type { Submission } from "./parse-submission";
import type { ArkInput } from "./read-ark-inputs";
import type { RebuiltTxs } from "./rebuild-txs";

const SIGNATURE_BYTES = 64;
/** Segwit marker and flag weigh one unit each. */
const MARKER_WEIGHT = 2;

/** Weight units of the ark tx once its witnesses are complete; arkd refuses what relays would not carry. */
export function checkWeight(
  settings: ArkdSettings,
  submission: Submission,
  inputs: readonly ArkInput[],
  rebuilt: RebuiltTxs,
  signatures: readonly OwnerSignatures[],
): void {
  const base = submission.arkTx.toBytes(false, false).length * 4 + MARKER_WEIGHT;
  const weight = inputs.reduce(
    (sum, input) => sum + witnessBytes(submission, input, rebuilt, signatures[input.index] ?? []),
    base,
  );
  if (weight <= settings.maxTxWeight) return;
  throw new ArkdError("TX_TOO_LARGE", `weight ${weight} is above ${settings.maxTxWeight}`, {
    weight: String(weight),
    max_weight: String(settings.maxTxWeight),
  });
}

function witnessBytes(submission: Submission, input: ArkInput, rebuilt: RebuiltTxs, owners: OwnerSignatures): number {
  const proof = rebuilt.arkLeaves[input.index];
  const items = [
    ...owners.map(({ encoded }) => encoded.length),
    SIGNATURE_BYTES,
    ...(conditionWitnessOf(submission.arkTx, input.index) ?? []).map((item) => item.length),
    input.leafScript.length,
    proof === undefined ? 0 : TaprootControlBlock.encode(proof[0]).length,
  ];
  return items.reduce((sum, length) => sum + compactSizeBytes(length) + length, compactSizeBytes(items.length));
}

function compactSizeBytes(value: number): number {
  if (value < 0xfd) return 1;
  return value <= 0xffff ? 3 : 5;
}
