import type { AssetAmount } from "../ark/asset-types";
import { subtractAssets, sumAssets } from "../ark/sum-assets";
import { assert } from "../errors";
import type { PlannedOutput } from "../ports/session-stores";
import type { SwapIntent, SwapLeg } from "../session/session";
import { GBTC, type VtxoScriptRow } from "../vtxo/vtxo";
import { toArkInput, type PlanCoin, type TransferPlan } from "./transfer-plan";

export interface SwapPlanMember {
  readonly intent: Pick<SwapIntent, "give" | "receive" | "feeAmount">;
  readonly coins: readonly PlanCoin[];
  /** Where everything it gets and keeps goes. */
  readonly script: VtxoScriptRow;
}

export interface SwapPlanInput {
  readonly members: readonly SwapPlanMember[];
  /** The gateway's own plain VTXO: it comes back larger by the fee of every member. */
  readonly coInput: PlanCoin;
  readonly feeReturnScript: VtxoScriptRow;
  readonly dustSats: bigint;
  /** arkd refuses a VTXO with more. */
  readonly maxAssetsPerOutput: number;
}

type Output = Omit<PlannedOutput, "vout">;

/**
 * One transaction for all members. Order of inputs: theirs in order, then the co-input. Order of outputs: what each receives, their
 * changes, the fee return. A member's sats out are its sats in less what it gives and its fee, plus what it receives; they are spread
 * over its outputs, so each pays the carriers of what it gets. Whatever it does not give comes back to it, every asset of it: arkd
 * burns what no output names. The coins were selected so that they suffice.
 */
export function planSwap(plan: SwapPlanInput): TransferPlan {
  const perMember = plan.members.map((member) => memberOutputs(plan, member));
  const feeSats = plan.members.reduce((sum, { intent }) => sum + intent.feeAmount, 0n);
  const outputs: readonly Output[] = [
    ...perMember.flat().filter(({ role }) => role === "recipient"),
    ...perMember.flat().filter(({ role }) => role === "change"),
    {
      role: "fee_return",
      ownerPubkey: plan.feeReturnScript.ownerPubkey,
      script: plan.feeReturnScript.script,
      amountSats: plan.coInput.vtxo.amountSats + feeSats,
    },
  ];
  return {
    inputs: [...plan.members.flatMap(({ coins }) => coins), plan.coInput].map(toArkInput),
    outputs: outputs.map(({ script, amountSats, assets = [] }) => ({ script, amountSats, assets })),
    planned: outputs.map((each, vout) => ({ ...each, vout })),
  };
}

/** Units by arkd's ids, without gBTC. */
export function unitsOfLegs(legs: readonly SwapLeg[]): readonly AssetAmount[] {
  return legs.flatMap(({ arkAssetId, amount }) => (arkAssetId === undefined ? [] : [{ assetId: arkAssetId, amount }]));
}

export function satsOfLegs(legs: readonly SwapLeg[]): bigint {
  return legs.find(({ assetId }) => assetId === GBTC)?.amount ?? 0n;
}

function memberOutputs({ dustSats, maxAssetsPerOutput }: SwapPlanInput, member: SwapPlanMember): readonly Output[] {
  const { intent, script, coins } = member;
  const vtxos = coins.map(({ vtxo }) => vtxo);
  const satsIn = vtxos.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const receiveSats = satsOfLegs(intent.receive);
  const satsOut = satsIn - satsOfLegs(intent.give) + receiveSats - intent.feeAmount;
  const output = (role: Output["role"], amountSats: bigint, assets: readonly AssetAmount[] = []): Output => ({
    role,
    ownerPubkey: script.ownerPubkey,
    script: script.script,
    amountSats,
    ...(assets.length > 0 && { assets }),
  });
  const kept = subtractAssets(sumAssets(vtxos), unitsOfLegs(intent.give));
  const carriers = [
    ...chunks(unitsOfLegs(intent.receive), maxAssetsPerOutput).map((part) => output("recipient", dustSats, part)),
    ...chunks(kept, maxAssetsPerOutput).map((part) => output("change", dustSats, part)),
  ];
  const restSats = satsOut - dustSats * BigInt(carriers.length);
  assert(restSats >= 0n, "the coins of a member cover what it gives, its fee and its carriers");
  if (restSats < dustSats) return withExtraSats(carriers, restSats);
  return [...carriers, ...plainSats(restSats, receiveSats, dustSats).map(({ role, sats }) => output(role, sats))];
}

/** What is received and what is kept in outputs of their own when both are enough for one. */
function plainSats(
  restSats: bigint,
  receiveSats: bigint,
  dustSats: bigint,
): readonly { readonly role: Output["role"]; readonly sats: bigint }[] {
  if (receiveSats === 0n) return [{ role: "change", sats: restSats }];
  const changeSats = restSats - receiveSats;
  if (receiveSats < dustSats || changeSats < dustSats) return [{ role: "recipient", sats: restSats }];
  return [
    { role: "recipient", sats: receiveSats },
    { role: "change", sats: changeSats },
  ];
}

/** Too little for an output of its own: it goes under the units of the first. */
function withExtraSats(outputs: readonly Output[], sats: bigint): readonly Output[] {
  assert(sats === 0n || outputs.length > 0, "a member with less than dust has an output that carries units");
  return outputs.map((each, index) => (index === 0 ? { ...each, amountSats: each.amountSats + sats } : each));
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
