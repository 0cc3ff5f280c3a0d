import type { Allocation } from "../nostr/batch-content";
import type { LegAmount, SwapParams } from "../nostr/swap-content";
import { batchInvalid } from "./batch-error";

export interface MemberLegs {
  readonly actionId: string;
  readonly params: Pick<SwapParams, "give" | "receive">;
}

/**
 * What each member gets exactly, in the order of the members: what its intent says, and of a minimum what the batch allocates. Fees are
 * never in the legs, so per asset all that is given is received. Throws `batch_invalid` for an allocation that no intent asks for or
 * that is below its minimum, and for an asset that does not net to zero.
 */
export function netLegs(
  members: readonly MemberLegs[],
  allocations: readonly Allocation[],
): readonly (readonly LegAmount[])[] {
  requireKnown(members, allocations);
  const received = members.map((member) => allocate(member, allocations));
  const deltas = new Map<string, bigint>();
  const add = ({ assetId, amount }: LegAmount, sign: bigint): void => {
    deltas.set(assetId, (deltas.get(assetId) ?? 0n) + sign * amount);
  };
  for (const { params } of members) for (const leg of params.give) add(leg, 1n);
  for (const leg of received.flat()) add(leg, -1n);
  for (const [assetId, delta] of deltas) {
    if (delta !== 0n) throw batchInvalid("netting", { asset_id: assetId, delta: Number(delta) });
  }
  return received;
}

function requireKnown(members: readonly MemberLegs[], allocations: readonly Allocation[]): void {
  const seen = new Set<string>();
  for (const { actionId } of allocations) {
    const isKnown = members.some((member) => member.actionId === actionId);
    if (!isKnown || seen.has(actionId)) throw batchInvalid("allocation_of_nobody", { action_id: actionId });
    seen.add(actionId);
  }
}

function allocate({ actionId, params }: MemberLegs, allocations: readonly Allocation[]): readonly LegAmount[] {
  const allocated = allocations.find((each) => each.actionId === actionId)?.receive ?? [];
  for (const { assetId } of allocated) {
    const isAsked = params.receive.some((leg) => leg.assetId === assetId);
    const isOnce = allocated.filter((leg) => leg.assetId === assetId).length === 1;
    if (!isAsked || !isOnce) throw batchInvalid("allocation_not_asked", { action_id: actionId, asset_id: assetId });
  }
  return params.receive.map(({ assetId, amount, isMinimum }) => {
    const exact = allocated.find((leg) => leg.assetId === assetId)?.amount ?? amount;
    const isKept = isMinimum ? exact >= amount : exact === amount;
    if (!isKept) throw batchInvalid("allocation_below_intent", { action_id: actionId, asset_id: assetId });
    return { assetId, amount: exact };
  });
}
