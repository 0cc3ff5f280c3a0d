import { maxAssetsPerVtxo } from "../ark/tx-weight";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { MovingIntent, SessionIntent } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { withLimits } from "../vtxo/select-by-strategy";
import type { TransferRules } from "../vtxo/select-transfer-coins";
import { coInputFeeSatsOf, recipientSumsOf } from "./transfer-sums";

/** What the sender's coins must cover, and the limits of a selection. */
export function selectionRules(deps: SessionDeps, intent: MovingIntent, info: ArkServerInfo): TransferRules {
  const { sats, assets } = recipientSumsOf(intent);
  const rules: TransferRules = {
    targetSats: sats + coInputFeeSatsOf(intent),
    targetAsset: assets[0],
    dustSats: dustOf(info),
    maxAssetsPerOutput: maxAssetsPerOutputOf(info),
    maxInputs: deps.config.maxInputs,
    dustToRecipient: intent.dustPolicy === "to_recipient",
  };
  return "choice" in intent ? withLimits(rules, intent.choice) : rules;
}

/**
 * How long inputs must live on: what a land or a renewal brings has to outlive its payment, its refund or the next batch, and of a swap
 * everybody's outputs expire with the first input of anybody.
 */
export function minRemainingMs(
  deps: Pick<SessionDeps, "config" | "lightningConfig">,
  type: SessionIntent["type"],
): number {
  const isLong = type === "lightning_land" || type === "atomic_swap" || type === "vtxo_renew";
  return isLong ? deps.lightningConfig.landMinRemainingMs : deps.config.vtxoMinRemainingMs;
}

/** One at least, or nothing with assets could be planned; arkd's own limit is checked when the transaction is built. */
export function maxAssetsPerOutputOf({ maxTxWeight }: Pick<ArkServerInfo, "maxTxWeight">): number {
  return Math.max(1, maxAssetsPerVtxo(maxTxWeight));
}

/** Smallest output arkd lets us make: its dust limit, or its VTXO minimum where that is higher. */
export function dustOf(info: ArkServerInfo): bigint {
  return info.vtxoMinSats > info.dustSats ? info.vtxoMinSats : info.dustSats;
}
