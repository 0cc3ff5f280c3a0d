import { toArkInput, type PlanCoin, type TransferPlan } from "../ceremony/transfer-plan";
import type { VtxoScriptRow } from "../vtxo/vtxo";
import { renewedParts } from "./renewed-parts";

export interface RenewalPlanInput {
  readonly coins: readonly PlanCoin[];
  readonly coInput: PlanCoin;
  readonly dustSats: bigint;
  readonly landScript: VtxoScriptRow;
  readonly feeReturnScript: VtxoScriptRow;
}

/**
 * The old VTXOs whole to the gateway's land script, as they will come back, and the co-input unchanged. Order of inputs: the user's,
 * then the co-input; of outputs: the user's, then its return.
 */
export function planRenewal(plan: RenewalPlanInput): TransferPlan {
  const { coins, coInput, landScript, feeReturnScript } = plan;
  const received = renewedParts(
    coins.map(({ vtxo }) => vtxo),
    plan.dustSats,
  ).map((part) => ({ role: "recipient" as const, to: landScript, ...part }));
  const returned = {
    role: "fee_return" as const,
    to: feeReturnScript,
    amountSats: coInput.vtxo.amountSats,
    assets: [],
  };
  const outputs = [...received, returned];
  return {
    inputs: [...coins, coInput].map(toArkInput),
    outputs: outputs.map(({ to, amountSats, assets }) => ({ script: to.script, amountSats, assets })),
    planned: outputs.map(({ role, to, amountSats, assets }, vout) => ({
      vout,
      role,
      ownerPubkey: to.ownerPubkey,
      script: to.script,
      amountSats,
      ...(assets.length > 0 && { assets }),
    })),
  };
}
