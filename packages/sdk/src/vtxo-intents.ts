import { type IntentTimes, expiryOf, newId, requireAmount } from "./lightning-intents.js";
import { toPubkeyHex } from "./nostr-utils.js";
import type { IntentContent } from "./payloads.js";

interface VtxoIntentFields extends IntentTimes {
  /** gBTC, or the gateway's name of another asset; amounts are its base units. */
  readonly assetId?: string;
  /** Sats. 10 for every intent; anything else is refused by the gateway. */
  readonly feeSats?: number;
  /** 8..64 of A-Z a-z 0-9 _ -; the intent's identity: stating it twice does it once. */
  readonly actionId?: string;
}

export interface SplitIntentRequest extends VtxoIntentFields {
  /** `txid:vout` of the wallet's own. */
  readonly vtxoId: string;
  /** 2 to 20 parts, one new VTXO each; of gBTC at least 330 sats. Units need 330 sats each out of the VTXO's own. */
  readonly splitAmounts: readonly number[];
  readonly minChange?: number;
}

export interface MultiTransferIntentRequest extends VtxoIntentFields {
  /** Hex or npub. */
  readonly recipient: string;
  readonly totalAmount: number;
  /** Spent exactly when given, at most `maxInputs` of them. */
  readonly sourceVtxos?: readonly string[];
  /** Change below this is avoided, not forbidden. */
  readonly minChange?: number;
  /** 5 when absent, at most 20. */
  readonly maxInputs?: number;
  /** Least change, nearest expiry first, or fewest inputs. */
  readonly strategy?: "optimal" | "greedy" | "minimal";
}

export interface OptimalChangeIntentRequest extends VtxoIntentFields {
  /** Hex or npub. */
  readonly recipient: string;
  readonly amountNeeded: number;
  /** What earlier change has to leave to be spent first. */
  readonly changeThreshold?: number;
  /** Sats; no smaller change is made. */
  readonly dustLimit?: number;
  readonly preferExistingChange?: boolean;
}

const L2_FEE_SATS = 10;

/** The content of a `vtxo:split`, with the fee filled in. */
export function createSplitIntent(request: SplitIntentRequest): IntentContent {
  return contentOf("vtxo:split", request, {
    vtxo_id: request.vtxoId,
    split_amounts: request.splitAmounts.map(requireAmount),
    min_change: request.minChange,
  });
}

/** The content of a `vtxo:multi_transfer`, with the fee filled in. */
export function createMultiTransferIntent(request: MultiTransferIntentRequest): IntentContent {
  return contentOf("vtxo:multi_transfer", request, {
    total_amount: requireAmount(request.totalAmount),
    recipient_pubkey: toPubkeyHex(request.recipient),
    source_vtxos: request.sourceVtxos,
    min_change: request.minChange,
    max_inputs: request.maxInputs,
    strategy: request.strategy,
  });
}

/** The content of a `vtxo:optimal_change`, with the fee filled in. */
export function createOptimalChangeIntent(request: OptimalChangeIntentRequest): IntentContent {
  return contentOf("vtxo:optimal_change", request, {
    amount_needed: requireAmount(request.amountNeeded),
    recipient_pubkey: toPubkeyHex(request.recipient),
    change_threshold: request.changeThreshold,
    dust_limit: request.dustLimit,
    prefer_existing_change: request.preferExistingChange,
  });
}

/** What the caller left out is left to the gateway, which fills in the protocol's defaults. */
function contentOf(type: string, request: VtxoIntentFields, params: Record<string, unknown>): IntentContent {
  const { assetId = "gBTC", feeSats = L2_FEE_SATS, actionId = newId("vtxo") } = request;
  const stated = Object.entries(params).filter(([, value]) => value !== undefined);
  return {
    action_id: actionId,
    type,
    params: { asset_id: assetId, ...Object.fromEntries(stated), fee_asset_id: "gBTC", fee_amount: feeSats },
    expires_at: expiryOf(request),
  };
}
