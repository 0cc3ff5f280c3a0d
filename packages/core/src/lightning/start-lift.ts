import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { canonicalDigest } from "../canonical-json";
import { AppError } from "../errors";
import type { JsonObject } from "../nostr/integer-json";
import { randomSessionId } from "../nostr/session-id";
import { freshStock } from "../payout/choose-payout-coins";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { Delivery, LiftIntent, Session } from "../session/session";
import { ensureUserScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";
import { announceSession } from "../webhook/session-events";
import { checkLiftAmount, findLiftTerms, type LiftTerms } from "./lift-terms";
import type { LightningSessionDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";
import { lightningWakeOf } from "./lightning-wake";

export interface StartLiftInput {
  readonly userPubkey: string;
  /** In its one spelling (gBTC, not BTC). */
  readonly assetId: string;
  /** Base units of the asset; sats for gBTC. */
  readonly amount: bigint;
  readonly memo: string;
  /** undefined = the longest an invoice lives. */
  readonly expirySeconds: number | undefined;
  /** Principal of the caller. */
  readonly createdBy: string;
  /** Whom LIFT_OPEN_PER_CALLER counts it for (`countedAs`; an event's author). */
  readonly countedAs: string;
  /** The user signed for it: a NIP-98 call, a 31500 or a 31510 of its own. */
  readonly ownerProven: boolean;
  readonly delivery: Delivery;
  /** `requestContext` of the 31500 it came with. */
  readonly context: Readonly<Record<string, unknown>>;
  /** The 31510 it came with; its row is stored already. */
  readonly intent?: {
    readonly intentId: bigint;
    readonly eventId: string | undefined;
    readonly sessionId: string;
    readonly actionId: string;
    readonly expiresAt: Date;
    readonly content: JsonObject;
  };
}

export interface StartedLift {
  readonly operation: LightningOperation;
  readonly session: Session;
  readonly wakes: readonly Wake[];
}

/**
 * Starts a lift: the row with its sealed preimage and the script it will pay to, and its session. The invoice is made by the worker.
 * Nothing of the stock is reserved. Errors: asset_unknown, asset_inactive, unsupported_type, amount_below_minimum, amount_above_maximum,
 * inventory_exhausted, rate_limited, invalid_request (a key of the gateway), not_ready.
 */
export async function startLift(deps: LightningSessionDeps, tx: Tx, input: StartLiftInput): Promise<StartedLift> {
  const terms = await findLiftTerms(deps, tx, input.assetId);
  checkLiftAmount(terms, input.amount);
  const info = await deps.arkInfo.current();
  const script = await ensureUserScript(deps.vtxos, tx, input.userPubkey, info, "user_pubkey");
  await checkLimits(deps, tx, input, terms);
  const preimage = deps.random.bytes(32);
  const paymentHash = bytesToHex(sha256(preimage));
  const operationId = `lift_${bytesToHex(deps.random.bytes(16))}`;
  const now = deps.clock.now();
  const lifeSeconds = Math.min(input.expirySeconds ?? terms.invoiceExpirySeconds, terms.invoiceExpirySeconds);
  // Whole seconds, as invoices count them.
  const expiresAt = new Date((Math.floor(now.getTime() / 1000) + lifeSeconds) * 1000);
  const session = await openLiftSession(deps, tx, input, { operationId, expiresAt, terms });
  const operation = await deps.operations.insert(tx, {
    operationId,
    invoiceType: "lift",
    status: "pending",
    paymentHash,
    claimsHash: true,
    bolt11: undefined,
    userPubkey: input.userPubkey,
    sessionId: session.sessionId,
    assetId: terms.assetId,
    amount: input.amount,
    amountSats: terms.carrierSats ?? input.amount,
    fee: 0n,
    ...(terms.carrierUnits !== undefined && { carrierUnits: terms.carrierUnits }),
    userScript: script.script,
    memo: input.memo,
    preimage: bytesToHex(preimage),
    countedAs: input.countedAs,
    expiresAt,
    wakeAt: now,
  });
  return { operation, session, wakes: [lightningWakeOf(operation, now)] };
}

/** What an unpaid invoice promises must be there to be given, and nobody may hold all of it up with invoices that nobody pays. */
async function checkLimits(
  deps: LightningSessionDeps,
  tx: Tx,
  input: StartLiftInput,
  { arkAssetId, assetId }: LiftTerms,
): Promise<void> {
  const { liftOpenPerUser, liftOpenPerCaller, liftOpenFactor } = deps.lightningConfig;
  const unpaid = await deps.operations.countUnpaidLifts(tx, input);
  if (unpaid.ofUser >= liftOpenPerUser) throw tooMany(`${unpaid.ofUser} lifts of this key are unpaid`, liftOpenPerUser);
  if (unpaid.ofCaller >= liftOpenPerCaller) {
    throw tooMany(`${unpaid.ofCaller} lifts of this caller are unpaid`, liftOpenPerCaller);
  }
  const free = await deps.vtxos.sumFree(tx, "stock", freshStock(deps), arkAssetId);
  const isCovered = input.amount <= free && unpaid.totalAmount + input.amount <= free * BigInt(liftOpenFactor);
  if (isCovered) return;
  throw new AppError("inventory_exhausted", { details: { asset_id: assetId }, retryAfterSeconds: 60 });
}

async function openLiftSession(
  deps: LightningSessionDeps,
  tx: Tx,
  input: StartLiftInput,
  lift: { readonly operationId: string; readonly expiresAt: Date; readonly terms: LiftTerms },
): Promise<Session> {
  const sent = input.intent;
  const actionId = sent?.actionId ?? lift.operationId;
  const content = sent?.content ?? contentOf(input, actionId, lift.expiresAt);
  const intent: LiftIntent = {
    type: "lightning_lift",
    actionId,
    assetId: lift.terms.assetId,
    arkAssetId: lift.terms.arkAssetId,
    amount: input.amount,
    amountSats: lift.terms.carrierSats ?? input.amount,
    recipientPubkey: input.userPubkey,
    feeAssetId: GBTC,
    feeAmount: 0n,
    sourceVtxos: undefined,
    dustPolicy: "reject",
    expiresAt: sent?.expiresAt ?? lift.expiresAt,
    content,
    memo: input.memo,
  };
  const intentId = sent?.intentId ?? (await insertIntent(deps, tx, input, intent));
  const session = await deps.sessions.insert(
    tx,
    {
      sessionId: sent?.sessionId ?? randomSessionId(deps.random),
      userPubkey: input.userPubkey,
      sessionType: intent.type,
      intentId,
      intent,
      intentEventId: sent?.eventId,
      context: { ...input.context, operation_id: lift.operationId },
      createdBy: input.createdBy,
      ownerProven: input.ownerProven,
      delivery: input.delivery,
      autoStart: true,
      // The worker drives the lift, not a ceremony.
      prepareSince: undefined,
      expiresAt: lift.expiresAt,
    },
    [{ event: "opened", data: { action_id: actionId, delivery: input.delivery } }],
  );
  await announceSession(deps, tx, "session.created", session);
  return session;
}

/** The intent that a call over HTTP or a 31500 stands for, as a 31510 would say it. */
function contentOf(input: StartLiftInput, actionId: string, expiresAt: Date): JsonObject {
  return {
    action_id: actionId,
    type: "lightning:lift",
    params: {
      asset_id: input.assetId,
      amount: Number(input.amount),
      fee_asset_id: GBTC,
      fee_amount: 0,
      ...(input.memo === "" ? {} : { memo: input.memo }),
    },
    expires_at: Math.floor(expiresAt.getTime() / 1000),
  };
}

async function insertIntent(
  deps: LightningSessionDeps,
  tx: Tx,
  input: StartLiftInput,
  intent: LiftIntent,
): Promise<bigint> {
  const { intentId } = await deps.intents.insert(tx, {
    pubkey: input.userPubkey,
    namespace: input.ownerProven ? "" : input.createdBy,
    actionId: intent.actionId,
    eventId: undefined,
    type: intent.type,
    params: intent.content,
    contentHash: canonicalDigest(intent.content),
    network: deps.config.network,
    expiresAt: intent.expiresAt,
    feeAssetId: intent.feeAssetId,
    feeAmount: intent.feeAmount,
    rawEvent: undefined,
    legacy: false,
    status: "accepted",
  });
  return intentId;
}

function tooMany(what: string, limit: number): AppError {
  return new AppError("rate_limited", { message: `${what}; the limit is ${limit}.`, retryAfterSeconds: 60 });
}
