import { hex } from "@scure/base";

import { ArkdError } from "../arkd-error";
import { leavesOf } from "../psbt";
import type { CheckContext } from "./check-context";
import type { Submission } from "./parse-submission";

/** The ark input carries one leaf and at least one signature that is not the server's. Whether it is valid is checked later. */
export function checkInputSigned(
  context: CheckContext,
  submission: Submission,
  index: number,
  fail: (why: string) => never,
): void {
  const { arkTx, arkTxid } = submission;
  if (leavesOf(arkTx, index).length !== 1) return fail("expected exactly one taproot leaf script");
  const signers = (arkTx.getInput(index).tapScriptSig ?? []).map(([key]) => hex.encode(key.pubKey));
  if (signers.some((pubkey) => pubkey !== context.signerPubkey)) return;
  throw new ArkdError("ARK_TX_INPUT_NOT_SIGNED", `input ${index} is not signed`, {
    txid: arkTxid,
    input_index: String(index),
  });
}
