import type { ActiveAsset } from "../asset/active-asset";
import { AppError } from "../errors";
import { judgeLand } from "../lightning/judge-land";
import type { LandTerms } from "../lightning/land-terms";
import { checkLiftAmount, type LiftTerms } from "../lightning/lift-terms";
import type { LightningConfig } from "../lightning/lightning-config";
import type { JsonObject, JsonValue } from "../nostr/integer-json";
import type {
  LandIntentContent,
  LiftIntentContent,
  MultiTransferIntentContent,
  OptimalChangeIntentContent,
  ProtocolOpContent,
  RenewIntentContent,
  SplitIntentContent,
  TransferIntentContent,
} from "../nostr/intent-content";
import type { IntentContent } from "../nostr/intent-envelope";
import { listTags } from "../nostr/nostr-event";
import type { GatewayIdentity, NostrEvent } from "../ports/nostr";
import type { CoinChoice } from "../vtxo/select-by-strategy";
import { GBTC } from "../vtxo/vtxo";
import type {
  LandIntent,
  LiftIntent,
  MultiTransferIntent,
  OptimalChangeIntent,
  ProtocolOpIntent,
  RenewIntent,
  SplitIntent,
  TransferIntent,
} from "./session";
import type { SessionConfig } from "./session-deps";

/** Lives still, and not longer than allowed (1003). `createdAt` is the event's or the request's. */
export function checkIntentTimes(
  expiresAt: Date,
  createdAt: Date,
  now: Date,
  config: Pick<SessionConfig, "maxIntentTtlMs">,
): void {
  if (expiresAt <= now) throw new AppError("intent_expired", { details: { expires_at: expiresAt.toISOString() } });
  if (expiresAt.getTime() > createdAt.getTime() + config.maxIntentTtlMs) {
    const message = `The intent lives longer than ${config.maxIntentTtlMs / 1000} seconds.`;
    throw new AppError("intent_expired", {
      message,
      details: { expires_at: expiresAt.toISOString(), max_ttl_seconds: config.maxIntentTtlMs / 1000 },
      errors: [{ path: "expires_at", code: "too_far", message }],
    });
  }
}

/** Is meant for this gateway (1005). As at the door: the key of before a rotation is ours too. */
export function checkIntentRecipient(
  { identity }: { readonly identity: Pick<GatewayIdentity, "pubkey" | "readablePubkeys"> | undefined },
  event: NostrEvent,
): void {
  if (identity === undefined || listTags(event, "p").some((pubkey) => identity.readablePubkeys.includes(pubkey)))
    return;
  throw new AppError("wrong_recipient", { details: { expected: identity.pubkey } });
}

/** Is meant for this network (1005). */
export function checkIntentNetwork(
  content: Pick<IntentContent, "network">,
  config: Pick<SessionConfig, "network">,
): void {
  if (content.network !== undefined && content.network !== config.network) {
    throw new AppError("wrong_network", { details: { expected: config.network, got: content.network } });
  }
}

export interface TransferIntentRules {
  readonly senderPubkey: string;
  /** What the intent's asset is to the registry. */
  readonly asset: ActiveAsset;
  readonly l2FeeSats: bigint;
  readonly dustSats: bigint;
}

/** Amounts, fee, in the protocol's order; the first rule that fails is thrown (1002, 2006, 4001, 4002). */
export function toTransferIntent(parsed: TransferIntentContent, rules: TransferIntentRules): TransferIntent {
  const { sourceVtxos, dustPolicy } = parsed.params;
  return { ...paymentOf(parsed, rules), type: "p2p_transfer", sourceVtxos, dustPolicy };
}

/** As `toTransferIntent`. */
export function toMultiTransferIntent(
  parsed: MultiTransferIntentContent,
  rules: TransferIntentRules,
): MultiTransferIntent {
  const { sourceVtxos, strategy, minChange, maxInputs } = parsed.params;
  const choice = { strategy, minChange, maxInputs, dustLimitSats: rules.dustSats, preferredChange: undefined };
  return { ...paymentOf(parsed, rules), type: "vtxo_multi_transfer", sourceVtxos, dustPolicy: "reject", choice };
}

/** As `toTransferIntent`. */
export function toOptimalChangeIntent(
  parsed: OptimalChangeIntentContent,
  rules: TransferIntentRules,
): OptimalChangeIntent {
  const { changeThreshold, dustLimitSats, prefersExistingChange } = parsed.params;
  const choice: CoinChoice = {
    strategy: "optimal",
    maxInputs: undefined,
    minChange: 0n,
    dustLimitSats,
    preferredChange: prefersExistingChange ? changeThreshold : undefined,
  };
  return {
    ...paymentOf(parsed, rules),
    type: "optimal_change",
    sourceVtxos: undefined,
    dustPolicy: "reject",
    choice,
  };
}

/**
 * As `toTransferIntent`. Nothing leaves its owner, so sats below dust that are left under units join the first part; parts in sats are
 * exactly what was asked for.
 */
export function toSplitIntent(parsed: SplitIntentContent, rules: TransferIntentRules): SplitIntent {
  const { vtxoId, splitAmounts, amount } = parsed.params;
  const { arkAssetId } = rules.asset;
  const smallest = splitAmounts.reduce((least, each) => (each < least ? each : least), amount);
  const carriersSats = rules.dustSats * BigInt(splitAmounts.length);
  return {
    ...movedOf(parsed, rules, smallest),
    amountSats: arkAssetId === undefined ? amount : carriersSats,
    recipientPubkey: rules.senderPubkey,
    type: "vtxo_split",
    partAmounts: splitAmounts,
    sourceVtxos: [vtxoId],
    dustPolicy: arkAssetId === undefined ? "reject" : "to_recipient",
  };
}

type PaymentContent = TransferIntentContent | MultiTransferIntentContent | OptimalChangeIntentContent;

/** What all payments to somebody else say. */
function paymentOf(parsed: PaymentContent, rules: TransferIntentRules) {
  const { recipientPubkey, amount } = parsed.params;
  if (recipientPubkey === rules.senderPubkey) {
    throw new AppError("invalid_request", {
      errors: [
        { path: "params.recipient_pubkey", code: "same_as_sender", message: "Sender and recipient are the same key" },
      ],
    });
  }
  return { ...movedOf(parsed, rules, amount), recipientPubkey };
}

/** `smallest` is what the smallest output has to carry. */
function movedOf(parsed: PaymentContent | SplitIntentContent, rules: TransferIntentRules, smallest: bigint) {
  const { params, content } = parsed;
  const { assetId, arkAssetId } = rules.asset;
  if (arkAssetId === undefined && smallest < rules.dustSats) {
    throw new AppError("amount_below_minimum", { details: { minimum: Number(rules.dustSats) } });
  }
  checkFee(params.feeAssetId, params.feeAmount, rules.l2FeeSats);
  return {
    actionId: content.action_id,
    assetId,
    arkAssetId,
    amount: params.amount,
    // The sender pays the carrier of what the recipient gets, and no more sats than it needs.
    amountSats: arkAssetId === undefined ? params.amount : rules.dustSats,
    feeAssetId: GBTC,
    feeAmount: rules.l2FeeSats,
    expiresAt: parsed.expiresAt,
    content: contentOf(parsed),
  };
}

export interface LandRules {
  readonly terms: LandTerms;
  readonly config: LightningConfig;
  /** Owner of the gateway's land script. */
  readonly landPubkey: string;
  readonly dustSats: bigint;
  readonly now: Date;
}

/**
 * Amounts, invoice, fee; the first rule that fails is thrown (2006, 2007, 4001, 4002). What the rows and the nodes say is judged when the session opens (lightning/open-land.ts).
 */
export function toLandIntent(parsed: LandIntentContent, rules: LandRules): LandIntent {
  const { params } = parsed;
  const { terms, dustSats } = rules;
  const { invoice, fee } = judgeLand(params, rules);
  checkFee(params.feeAssetId, params.feeAmount, fee, terms.assetId);
  return {
    actionId: parsed.content.action_id,
    type: "lightning_land",
    assetId: terms.assetId,
    arkAssetId: terms.arkAssetId,
    amount: params.amount,
    // The sender pays the carrier of what the gateway gets, and no more sats than it needs.
    amountSats: terms.arkAssetId === undefined ? params.amount : dustSats,
    recipientPubkey: rules.landPubkey,
    feeAssetId: terms.assetId,
    feeAmount: fee,
    sourceVtxos: undefined,
    dustPolicy: "reject",
    expiresAt: parsed.expiresAt,
    content: contentOf(parsed),
    lightningInvoice: invoice.bolt11,
    paymentHash: invoice.paymentHash,
  };
}

/** Caps and fee (2006, 4001, 4002) of an asset whose terms were found. Stock and open lifts are judged when the lift starts. */
export function toLiftIntent(
  parsed: LiftIntentContent,
  { terms, userPubkey }: { readonly terms: LiftTerms; readonly userPubkey: string },
): LiftIntent {
  const { params } = parsed;
  checkLiftAmount(terms, params.amount);
  checkFee(params.feeAssetId, params.feeAmount, 0n);
  return {
    actionId: parsed.content.action_id,
    type: "lightning_lift",
    assetId: terms.assetId,
    arkAssetId: terms.arkAssetId,
    amount: params.amount,
    amountSats: terms.carrierSats ?? params.amount,
    recipientPubkey: userPubkey,
    feeAssetId: GBTC,
    feeAmount: 0n,
    sourceVtxos: undefined,
    dustPolicy: "reject",
    expiresAt: parsed.expiresAt,
    content: contentOf(parsed),
    memo: "",
    ...(params.paymentHash === undefined ? {} : { claimsHash: params.paymentHash }),
  };
}

/** What it says is for its solver to judge: nothing moves, so there is no fee. */
export function toProtocolOpIntent(parsed: ProtocolOpContent): ProtocolOpIntent {
  return {
    actionId: parsed.content.action_id,
    type: "protocol_op",
    operation: parsed.content.type,
    feeAssetId: GBTC,
    feeAmount: 0n,
    expiresAt: parsed.expiresAt,
    content: contentOf(parsed),
  };
}

/** Fee (4001, 4002). Whose the VTXOs are and which way they take is judged when the session opens (renewal/judge-renewal.ts). */
export function toRenewIntent(
  parsed: RenewIntentContent,
  { landPubkey }: { readonly landPubkey: string },
): RenewIntent {
  const { params } = parsed;
  checkFee(params.feeAssetId, params.feeAmount, 0n);
  return {
    actionId: parsed.content.action_id,
    type: "vtxo_renew",
    way: "transfer",
    assetId: GBTC,
    arkAssetId: undefined,
    amount: 0n,
    amountSats: 0n,
    recipientPubkey: landPubkey,
    feeAssetId: GBTC,
    feeAmount: 0n,
    sourceVtxos: params.vtxoIds,
    dustPolicy: "reject",
    expiresAt: parsed.expiresAt,
    content: contentOf(parsed),
  };
}

/** The content as it is kept and shown. */
export function contentOf({ content }: { readonly content: IntentContent }): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(isPresent));
}

function isPresent(member: [string, JsonValue | undefined]): member is [string, JsonValue] {
  return member[1] !== undefined;
}

/** 4001 is a fee fault only: missing or another amount. 4002: paid in something else. */
export function checkFee(
  feeAssetId: string | undefined,
  feeAmount: bigint | undefined,
  expected: bigint,
  expectedAssetId = GBTC,
): void {
  const details = { expected: Number(expected), fee_asset_id: expectedAssetId };
  if (feeAssetId === undefined || feeAmount === undefined) throw new AppError("fee_invalid", { details });
  if (feeAssetId !== expectedAssetId) {
    throw new AppError("fee_asset_rejected", { details: { accepted: [expectedAssetId] } });
  }
  if (feeAmount !== expected) throw new AppError("fee_invalid", { details });
}
