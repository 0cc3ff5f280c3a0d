import type { ArkParams } from "@arkrelay/core/ark/types";
import { assert, isErrorCode } from "@arkrelay/core/errors";
import type { JsonObject } from "@arkrelay/core/nostr/integer-json";
import {
  NEVER_SENT,
  SESSION_TYPES,
  type CeremonyState,
  type Delivery,
  type MovingIntent,
  type RenewalReserve,
  type RenewalWay,
  type Session,
  type SessionIntent,
  type SessionStatus,
  type SessionType,
  type SessionWatch,
  type SwapLeg,
  type SubmitState,
} from "@arkrelay/core/session/session";
import type { CoinChoice, Strategy } from "@arkrelay/core/vtxo/select-by-strategy";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import { nullable, readBigint, readBoolean, readDate, readInteger, readJson, readText, type Row } from "../row";

export const SESSION_COLUMNS = `s.id, s.session_id, s.user_pubkey, s.session_type, s.status, s.ceremony_state, s.current_step,
  s.intent_id, s.intent_data, s.context, s.batch_id, s.head_id, s.ark_params, s.created_by, s.owner_proven, s.delivery, s.auto_start, s.prepare_since,
  s.submit_state, s.renewal_reserve, s.signed_tx, s.result_data, s.error_code, s.error_message, s.expires_at, s.created_at, s.updated_at,
  s.completed_at, s.version, s.wake_seq, s.event_seq, s.watch`;

/**
 * The intent as it is kept in intent_data: JSON has no bigint, so amounts are decimal text here. Its type is the session's, but for a
 * renewal.
 */
interface StoredIntent {
  readonly actionId: string;
  /** Rows of the releases that moved gBTC alone lack these four. */
  readonly assetId?: string;
  readonly arkAssetId?: string;
  readonly amount?: string;
  readonly feeAssetId?: string;
  /** A protocol_op and a swap have none of these. */
  readonly amountSats?: string;
  readonly recipientPubkey?: string;
  readonly sourceVtxos?: readonly string[] | null;
  readonly dustPolicy?: "reject" | "to_recipient";
  /** `feeAmount` of the intent, under the name it had when every fee was sats: both releases read it during an upgrade. */
  readonly feeSats: string;
  readonly expiresAt: string;
  readonly content: JsonObject;
  readonly eventId: string | null;
  /** Of a split. */
  readonly partAmounts?: readonly string[];
  /** Of a transfer that says how its coins are chosen. */
  readonly choice?: StoredChoice;
  /** Of a land. */
  readonly lightningInvoice?: string;
  readonly paymentHash?: string;
  /** Of a lift. */
  readonly memo?: string;
  /** Of a protocol_op. */
  readonly operation?: string;
  /** Of a swap. */
  readonly give?: readonly StoredLeg[];
  readonly receive?: readonly StoredLeg[];
  readonly minLifeMs?: number;
  /** Of a renewal, which is a session of type p2p_transfer. */
  readonly way?: RenewalWay;
}

interface StoredChoice {
  readonly strategy: Strategy;
  readonly maxInputs: number | null;
  readonly minChange: string;
  readonly dustLimitSats: string;
  readonly preferredChange: string | null;
}

type StoredLeg = Omit<SwapLeg, "amount" | "arkAssetId"> & { readonly arkAssetId?: string; readonly amount: string };

export function toIntentJson(intent: SessionIntent, eventId: string | undefined): string {
  const stored: StoredIntent = {
    actionId: intent.actionId,
    ...toStoredTerms(intent),
    feeAssetId: intent.feeAssetId,
    feeSats: String(intent.feeAmount),
    expiresAt: intent.expiresAt.toISOString(),
    content: intent.content,
    eventId: eventId ?? null,
    ...(intent.type === "vtxo_split" && { partAmounts: intent.partAmounts.map(String) }),
    ...("choice" in intent && { choice: toStoredChoice(intent.choice) }),
    ...(intent.type === "lightning_land" && {
      lightningInvoice: intent.lightningInvoice,
      paymentHash: intent.paymentHash,
    }),
    ...(intent.type === "lightning_lift" && { memo: intent.memo }),
  };
  return JSON.stringify(stored);
}

/** What it is about. */
function toStoredTerms(intent: SessionIntent) {
  switch (intent.type) {
    case "protocol_op":
      return { operation: intent.operation };
    case "vtxo_renew":
      return { ...toStoredMove(intent), way: intent.way };
    case "atomic_swap":
      return {
        give: intent.give.map(toStoredLeg),
        receive: intent.receive.map(toStoredLeg),
        ...(intent.minLifeMs !== undefined && { minLifeMs: intent.minLifeMs }),
      };
    default:
      return toStoredMove(intent);
  }
}

function toStoredMove(intent: MovingIntent) {
  return {
    assetId: intent.assetId,
    ...(intent.arkAssetId !== undefined && { arkAssetId: intent.arkAssetId }),
    amount: String(intent.amount),
    amountSats: String(intent.amountSats),
    recipientPubkey: intent.recipientPubkey,
    sourceVtxos: intent.sourceVtxos ?? null,
    dustPolicy: intent.dustPolicy,
  };
}

function toStoredChoice({ strategy, maxInputs, minChange, dustLimitSats, preferredChange }: CoinChoice): StoredChoice {
  return {
    strategy,
    maxInputs: maxInputs ?? null,
    minChange: String(minChange),
    dustLimitSats: String(dustLimitSats),
    preferredChange: preferredChange === undefined ? null : String(preferredChange),
  };
}

function toChoice(stored: StoredChoice | undefined): CoinChoice {
  assert(stored !== undefined, "the intent says how its coins are chosen");
  return {
    strategy: stored.strategy,
    maxInputs: stored.maxInputs ?? undefined,
    minChange: BigInt(stored.minChange),
    dustLimitSats: BigInt(stored.dustLimitSats),
    preferredChange: stored.preferredChange === null ? undefined : BigInt(stored.preferredChange),
  };
}

function toStoredLeg({ assetId, arkAssetId, amount }: SwapLeg): StoredLeg {
  return { assetId, ...(arkAssetId !== undefined && { arkAssetId }), amount: String(amount) };
}

function fromStoredLeg({ assetId, arkAssetId, amount }: StoredLeg): SwapLeg {
  return { assetId, arkAssetId, amount: BigInt(amount) };
}

/** Rows are written by this package alone, so their JSON is trusted to have its shape; what the machines depend on is checked. */
export function toSession(row: Row): Session {
  const stored = readJson(row, "intent_data") as StoredIntent;
  const sessionType = readSessionType(row);
  return {
    id: readBigint(row, "id"),
    sessionId: readText(row, "session_id"),
    userPubkey: readText(row, "user_pubkey"),
    sessionType,
    status: readText(row, "status") as SessionStatus,
    ceremonyState: readText(row, "ceremony_state") as CeremonyState,
    currentStep: readInteger(row, "current_step"),
    intentId: nullable(row, "intent_id", readBigint),
    intent: toIntent(sessionType, stored),
    intentEventId: stored.eventId ?? undefined,
    context: readJson(row, "context") as Readonly<Record<string, unknown>>,
    batchId: nullable(row, "batch_id", readText),
    headId: nullable(row, "head_id", readBigint),
    createdBy: readText(row, "created_by"),
    ownerProven: readBoolean(row, "owner_proven"),
    delivery: readText(row, "delivery") as Delivery,
    autoStart: readBoolean(row, "auto_start"),
    prepareSince: nullable(row, "prepare_since", readDate),
    arkParams: nullable(row, "ark_params", readJson) as ArkParams | undefined,
    submitState: nullable(row, "submit_state", readSubmitState),
    renewalReserve: nullable(row, "renewal_reserve", readRenewalReserve),
    signedTx: nullable(row, "signed_tx", readText),
    resultData: nullable(row, "result_data", readJson) as Readonly<Record<string, unknown>> | undefined,
    errorCode: nullable(row, "error_code", readErrorCode),
    errorMessage: nullable(row, "error_message", readText),
    expiresAt: readDate(row, "expires_at"),
    createdAt: readDate(row, "created_at"),
    updatedAt: readDate(row, "updated_at"),
    completedAt: nullable(row, "completed_at", readDate),
    version: readInteger(row, "version"),
    wakeSeq: readInteger(row, "wake_seq"),
    eventSeq: readInteger(row, "event_seq"),
    watch: nullable(row, "watch", readWatch),
  };
}

export function readWatch(row: Row, column: string): SessionWatch {
  const { requestId, eventId, until } = readJson(row, column) as { readonly [K in keyof SessionWatch]: string };
  return { requestId, eventId, until: new Date(until) };
}

export function toRenewalReserveJson({ vtxoIds, day, sats }: RenewalReserve): string {
  return JSON.stringify({ vtxoIds, day, sats: String(sats) });
}

function readRenewalReserve(row: Row, column: string): RenewalReserve {
  const stored = readJson(row, column) as Omit<RenewalReserve, "sats"> & { readonly sats: string };
  return { ...stored, sats: BigInt(stored.sats) };
}

/** Rows of an earlier release lack what it did not know. */
function readSubmitState(row: Row, column: string): SubmitState {
  return { ...NEVER_SENT, ...(readJson(row, column) as Partial<SubmitState>) };
}

export function readErrorCode(row: Row, column: string) {
  const code = readText(row, column);
  assert(isErrorCode(code), `unknown error code ${code}`);
  return code;
}

function readSessionType(row: Row): SessionType {
  const text = readText(row, "session_type");
  const type = SESSION_TYPES.find((each) => each === text);
  assert(type !== undefined, `unknown session type ${text}`);
  return type;
}

function toIntent(type: SessionType, stored: StoredIntent): SessionIntent {
  const said = {
    actionId: stored.actionId,
    feeAssetId: stored.feeAssetId ?? GBTC,
    feeAmount: BigInt(stored.feeSats),
    expiresAt: new Date(stored.expiresAt),
    content: stored.content,
  } as const;
  if (type === "protocol_op") {
    assert(stored.operation !== undefined, "the intent of a protocol_op names its operation");
    return { ...said, type, operation: stored.operation };
  }
  if (type === "atomic_swap") {
    const { give, receive, minLifeMs } = stored;
    assert(give !== undefined && receive !== undefined, "the intent of a swap states its legs");
    return { ...said, type, give: give.map(fromStoredLeg), receive: receive.map(fromStoredLeg), minLifeMs };
  }
  const { amountSats, recipientPubkey, dustPolicy } = stored;
  assert(
    amountSats !== undefined && recipientPubkey !== undefined && dustPolicy !== undefined,
    "the intent says what moves to whom",
  );
  const base = {
    ...said,
    assetId: stored.assetId ?? GBTC,
    arkAssetId: stored.arkAssetId,
    amount: BigInt(stored.amount ?? amountSats),
    amountSats: BigInt(amountSats),
    recipientPubkey,
    sourceVtxos: stored.sourceVtxos ?? undefined,
    dustPolicy,
  } as const;
  switch (type) {
    case "p2p_transfer": {
      const { way } = stored;
      return way === undefined
        ? { ...base, type }
        : { ...base, type: "vtxo_renew", way, sourceVtxos: base.sourceVtxos ?? [] };
    }
    case "vtxo_split": {
      assert(stored.partAmounts !== undefined, "the intent of a split has its parts");
      return { ...base, type, partAmounts: stored.partAmounts.map(BigInt) };
    }
    case "vtxo_multi_transfer":
    case "optimal_change":
      return { ...base, type, choice: toChoice(stored.choice) };
    case "lightning_land": {
      const { lightningInvoice, paymentHash } = stored;
      assert(lightningInvoice !== undefined && paymentHash !== undefined, "the intent of a land names its invoice");
      return { ...base, type, lightningInvoice, paymentHash };
    }
    case "lightning_lift":
      return { ...base, type, memo: stored.memo ?? "" };
  }
}
