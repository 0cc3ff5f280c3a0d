import type { ArkInput, ArkOutput } from "../ark/types";
import { assert } from "../errors";
import type { PlannedOutput } from "../ports/session-stores";
import type { SessionIntent } from "../session/session";
import type { Vtxo, VtxoScriptRow } from "../vtxo/vtxo";

/** An input with the script it was made with: older signers and delays stay spendable. */
export interface PlanCoin {
  readonly vtxo: Vtxo;
  readonly script: VtxoScriptRow;
}

export interface TransferPlan {
  readonly inputs: readonly ArkInput[];
  readonly outputs: readonly ArkOutput[];
  readonly planned: readonly PlannedOutput[];
}

export interface TransferPlanInput {
  readonly intent: SessionIntent;
  readonly coins: readonly PlanCoin[];
  /** The gateway's own plain VTXO: it goes in and comes back larger by the L2 fee, since a bare fee output is below dust. */
  readonly coInput: PlanCoin;
  readonly changeSats: bigint;
  readonly dustSats: bigint;
  readonly recipientScript: VtxoScriptRow;
  readonly changeScript: VtxoScriptRow;
  readonly feeReturnScript: VtxoScriptRow;
}

/** What of the fee comes back with the co-input: of a land nothing, its fee is part of the output to the gateway. */
export function coInputFeeOf(intent: Pick<SessionIntent, "type" | "feeSats">): bigint {
  return intent.type === "lightning_land" ? 0n : intent.feeSats;
}

/** Order of inputs: the user's, then the co-input. Order of outputs: recipient, change when there is one, fee return. */
export function planTransfer(plan: TransferPlanInput): TransferPlan {
  const { intent, changeSats } = plan;
  const changeIsPayable = changeSats >= plan.dustSats;
  assert(
    changeIsPayable || changeSats === 0n || intent.dustPolicy === "to_recipient",
    "dust change without a policy for it",
  );
  const coInputFeeSats = coInputFeeOf(intent);
  const recipientSats = intent.amountSats + intent.feeSats - coInputFeeSats + (changeIsPayable ? 0n : changeSats);
  const outputs: Omit<PlannedOutput, "vout">[] = [output("recipient", plan.recipientScript, recipientSats)];
  if (changeIsPayable) outputs.push(output("change", plan.changeScript, changeSats));
  outputs.push(output("fee_return", plan.feeReturnScript, plan.coInput.vtxo.amountSats + coInputFeeSats));
  return {
    inputs: [...plan.coins, plan.coInput].map(toArkInput),
    outputs: outputs.map(({ script, amountSats }) => ({ script, amountSats })),
    planned: outputs.map((each, vout) => ({ ...each, vout })),
  };
}

export function toArkInput({ vtxo, script }: PlanCoin): ArkInput {
  return {
    vtxoId: vtxo.vtxoId,
    txid: vtxo.txid,
    vout: vtxo.vout,
    amountSats: vtxo.amountSats,
    ownerPubkey: script.ownerPubkey,
    signerPubkey: script.signerPubkey,
    exitDelay: script.exitDelay,
  };
}

function output(role: PlannedOutput["role"], script: VtxoScriptRow, amountSats: bigint): Omit<PlannedOutput, "vout"> {
  return { role, ownerPubkey: script.ownerPubkey, script: script.script, amountSats };
}
