import { Intent } from "@arkade-os/sdk";

import { assert } from "../errors";
import type { ArkIntentProof } from "../ports/ark-daemon";
import type { Random } from "../ports/random";
import { toXOnlyPubkey } from "../schnorr";
import { buildIntentProof } from "./intent-proof";
import type { ArkInput } from "./types";

/**
 * Proof that we own `inputs` (all of one gateway key), for GetPendingTx: how the answer of a SubmitTx is recovered that got
 * lost on its way. It spends nothing.
 */
export function getPendingTxProof(
  inputs: readonly ArkInput[],
  expireAtSeconds: number,
  secretKey: Uint8Array,
  random: Pick<Random, "bytes">,
): ArkIntentProof {
  const pubkey = toXOnlyPubkey(secretKey);
  assert(
    inputs.every((input) => input.ownerPubkey === pubkey),
    "a proof is signed by the key that owns its inputs",
  );
  const message = Intent.encodeMessage({ type: "get-pending-tx", expire_at: expireAtSeconds });
  return buildIntentProof(message, inputs, [], [{ secretKey, pubkey }], random);
}
