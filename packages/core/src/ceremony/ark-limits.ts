import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Session, SessionType } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import type { SelectionRules } from "../vtxo/select-coins";
import { coInputFeeSatsOf, recipientSumsOf } from "./transfer-sums";

/** What the sender's coins must cover, and the limits of a selection. */
export function selectionRules(deps: SessionDeps, intent: Session["intent"], info: ArkServerInfo): SelectionRules {
  return {
    targetSats: recipientSumsOf(intent).sats + coInputFeeSatsOf(intent),
    dustSats: dustOf(info),
    maxInputs: deps.config.maxInputs,
    dustToRecipient: intent.dustPolicy === "to_recipient",
  };
}

/** How long inputs must live on: what a land brings has to outlive its payment, its refund or the next batch. */
export function minRemainingMs(deps: Pick<SessionDeps, "config" | "lightningConfig">, type: SessionType): number {
  return type === "lightning_land" ? deps.lightningConfig.landMinRemainingMs : deps.config.vtxoMinRemainingMs;
}

/** Smallest output arkd lets us make: its dust limit, or its VTXO minimum where that is higher. */
export function dustOf(info: ArkServerInfo): bigint {
  return info.vtxoMinSats > info.dustSats ? info.vtxoMinSats : info.dustSats;
}
