import { Intent } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { buildAssetPacket } from "../ark/build-asset-packet";
import { encodeAssetExtension } from "../ark/extension";
import { buildIntentProof, unsignedIntentProof } from "../ark/intent-proof";
import type { ArkInput, ArkOutput } from "../ark/types";
import type { GatewayKey } from "../ark/wallet-keys";
import type { ArkIntentProof } from "../ports/ark-daemon";
import type { Random } from "../ports/random";

/** What somebody wants of a batch through the gateway: VTXOs in, outputs out. */
export interface BatchIntent {
  readonly inputs: readonly BatchInput[];
  readonly outputs: readonly ArkOutput[];
  /** Compressed key (66 hex) that signs the tree for these outputs. */
  readonly cosignerPubkey: string;
}

export interface BatchInput extends ArkInput {
  /** Swept at its expiry, or below dust: arkd wants no forfeit for it. */
  readonly isRecoverable: boolean;
}

interface Signers {
  readonly keys: readonly GatewayKey[];
  readonly random: Pick<Random, "bytes">;
}

/** The proof that registers the intent. It counts until `expireAtSeconds` (unix). */
export function registerProof(intent: BatchIntent, expireAtSeconds: number, signers: Signers): ArkIntentProof {
  const message = registerMessage(intent, expireAtSeconds);
  return buildIntentProof(message, intent.inputs, outputsOf(intent), signers.keys, signers.random);
}

/** The same over a user's VTXOs, with what that user is asked to sign. */
export function unsignedRegisterProof(intent: BatchIntent, expireAtSeconds: number) {
  return unsignedIntentProof(registerMessage(intent, expireAtSeconds), intent.inputs, outputsOf(intent));
}

function registerMessage({ cosignerPubkey }: BatchIntent, expireAtSeconds: number): string {
  return Intent.encodeMessage({
    type: "register",
    onchain_output_indexes: [],
    valid_at: 0,
    expire_at: expireAtSeconds,
    cosigners_public_keys: [cosignerPubkey],
  });
}

/** The same over a message that only asks what it would cost. */
export function estimateProof(intent: BatchIntent, expireAtSeconds: number, signers: Signers): ArkIntentProof {
  // The SDK has no encoder for this type; arkd reads the same fields as those of a registration.
  const message = JSON.stringify({
    type: "estimate-intent-fee",
    onchain_output_indexes: [],
    valid_at: 0,
    expire_at: expireAtSeconds,
    cosigners_public_keys: [intent.cosignerPubkey],
  });
  return buildIntentProof(message, intent.inputs, outputsOf(intent), signers.keys, signers.random);
}

/** Takes back whatever waits for a batch over one of the inputs. */
export function deleteProof(
  inputs: readonly ArkInput[],
  expireAtSeconds: number,
  { keys, random }: Signers,
): ArkIntentProof {
  const message = Intent.encodeMessage({ type: "delete", expire_at: expireAtSeconds });
  return buildIntentProof(message, inputs, [], keys, random);
}

/** The packet counts inputs of the proof, whose first one is the message's. */
function outputsOf({ inputs, outputs }: BatchIntent): { script: Uint8Array; amount: bigint }[] {
  const packet = buildAssetPacket([{ assets: [] }, ...inputs], outputs);
  return [
    ...outputs.map(({ script, amountSats }) => ({ script: hex.decode(script), amount: amountSats })),
    ...(packet === undefined ? [] : [{ script: hex.decode(encodeAssetExtension(packet)), amount: 0n }]),
  ];
}
