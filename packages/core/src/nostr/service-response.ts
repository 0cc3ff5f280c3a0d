import { z } from "zod";

import { type AppError, ERRORS, nostrCode } from "../errors";
import { type AccountState, accountStateFields, balanceFields, type BalanceView } from "./account-content";
import { hex32, isoTime, vtxoId } from "./field-schemas";
import type { JsonObject } from "./integer-json";
import type { RequestHead } from "./service-request";
import { type SessionProgress, sessionProgressFields } from "./session-progress";

interface ResponseBase {
  readonly request_id: string;
  readonly action: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly timestamp: string;
  readonly gateway_pubkey: string;
}

/** Answer to `lift_lightning`: sent once the node has made the invoice. Amounts in base units of the asset. */
export interface LiftResponse extends ResponseBase {
  readonly action: "lift_lightning";
  readonly status: "pending_payment";
  readonly invoice: string;
  readonly payment_hash: string;
  readonly amount: number;
  readonly asset_id: string;
  readonly expires_at: string;
  /** 0; of an asset: its carrier's price in units. */
  readonly fee_estimate: number;
  readonly session_id: string;
  readonly operation_id: string;
}

/** Answer to `land_lightning`: a quote. Nothing is held for it; the land begins with the signed 31510. */
export interface LandResponse extends ResponseBase {
  readonly action: "land_lightning";
  readonly status: "success";
  readonly asset_id: string;
  readonly amount: number;
  readonly fee_asset_id: string;
  readonly fee_amount: number;
  readonly total_amount: number;
  readonly payment_hash: string;
  /** Exact content of the 31510 to sign. */
  readonly intent_template: JsonObject;
}

/** Answer to `sync_state`. */
export interface SyncStateResponse extends ResponseBase, AccountState {
  readonly action: "sync_state";
  readonly status: "success";
}

/** Answer to `query_balances`. */
export interface BalancesResponse extends ResponseBase {
  readonly action: "query_balances";
  readonly status: "success";
  readonly balances: readonly BalanceView[];
  readonly vtxos?: AccountState["user_vtxos"];
  /** When the VTXOs were last read from arkd; null = never. */
  readonly last_updated: string | null;
}

/** Answer to `monitor_status`; changes follow as 31502 `status_update`. `status` is the request's, the session's has a name of its own. */
export interface MonitorResponse extends ResponseBase, SessionProgress {
  readonly action: "monitor_status";
  readonly status: "success";
}

/**
 * Answer to `request_challenge`; the challenge itself is the 31511. Without `challenge_id` it comes by itself, as soon as the VTXOs are
 * read or an earlier transfer of the key is final.
 */
export interface ChallengeResponse extends ResponseBase {
  readonly action: "request_challenge";
  readonly status: "pending";
  readonly session_id: string;
  readonly challenge_id?: string;
  /** Of the challenge. For stage checkpoint_txs advice only. */
  readonly expires_at?: string;
}

/** Answer to `submit_batch`: every member is asked to sign by its own 31511. */
export interface BatchResponse extends ResponseBase {
  readonly action: "submit_batch";
  readonly status: "pending";
  readonly batch_id: string;
  readonly members: readonly { readonly action_id: string; readonly session_id: string }[];
  /** Of the transaction as it is planned; left out while a member's VTXOs are read or an earlier transfer of its ends. */
  readonly txid?: string;
  readonly expires_at: string;
}

/** Answer to `renew`: what each VTXO's way would be now. Nothing is held for it; the renewal begins with the signed 31510. */
export interface RenewResponse extends ResponseBase {
  readonly action: "renew";
  readonly status: "success";
  readonly renewals: readonly {
    readonly vtxo_id: string;
    readonly expires_at: string | null;
    readonly way: "transfer" | "recover";
  }[];
  /** Exact content of the 31510 to sign. */
  readonly intent_template: JsonObject;
}

export interface ErrorResponse extends ResponseBase {
  readonly status: "error";
  /** Integer class of the error table. */
  readonly error_code: number;
  /** The code's fixed text, never an exception's. */
  readonly error_message: string;
  readonly valid_actions?: readonly string[];
  /** `code` is the text code of the error table. */
  readonly details: { readonly code: string; readonly [key: string]: unknown };
}

/** Plain text of a 31501. */
export type ServiceResponseContent =
  | LiftResponse
  | LandResponse
  | SyncStateResponse
  | BalancesResponse
  | MonitorResponse
  | ChallengeResponse
  | BatchResponse
  | RenewResponse
  | ErrorResponse;

const base = { request_id: z.string(), action: z.string(), timestamp: isoTime, gateway_pubkey: hex32 };

export const serviceResponseSchema = z.union([
  z.strictObject({
    ...base,
    action: z.literal("lift_lightning"),
    status: z.literal("pending_payment"),
    invoice: z.string(),
    payment_hash: hex32,
    amount: z.int().min(1),
    asset_id: z.string(),
    expires_at: isoTime,
    fee_estimate: z.int().min(0),
    session_id: z.string(),
    operation_id: z.string(),
  }),
  z.strictObject({
    ...base,
    action: z.literal("land_lightning"),
    status: z.literal("success"),
    asset_id: z.string(),
    amount: z.int().min(1),
    fee_asset_id: z.string(),
    fee_amount: z.int().min(0),
    total_amount: z.int().min(1),
    payment_hash: hex32,
    intent_template: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    ...base,
    action: z.literal("sync_state"),
    status: z.literal("success"),
    ...accountStateFields,
  }),
  z.strictObject({
    ...base,
    action: z.literal("query_balances"),
    status: z.literal("success"),
    ...balanceFields,
    last_updated: isoTime.nullable(),
  }),
  z.strictObject({
    ...base,
    action: z.literal("monitor_status"),
    status: z.literal("success"),
    ...sessionProgressFields,
  }),
  z.strictObject({
    ...base,
    action: z.literal("request_challenge"),
    status: z.literal("pending"),
    session_id: z.string(),
    challenge_id: z.string().optional(),
    expires_at: isoTime.optional(),
  }),
  z.strictObject({
    ...base,
    action: z.literal("submit_batch"),
    status: z.literal("pending"),
    batch_id: z.string(),
    members: z.array(z.strictObject({ action_id: z.string(), session_id: z.string() })),
    txid: hex32.optional(),
    expires_at: isoTime,
  }),
  z.strictObject({
    ...base,
    action: z.literal("renew"),
    status: z.literal("success"),
    renewals: z
      .array(z.strictObject({ vtxo_id: vtxoId, expires_at: isoTime.nullable(), way: z.enum(["transfer", "recover"]) }))
      .min(1),
    intent_template: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    ...base,
    status: z.literal("error"),
    error_code: z.int().min(1000).max(5999),
    error_message: z.string(),
    valid_actions: z.array(z.string()).optional(),
    details: z.looseObject({ code: z.string() }),
  }),
]);

/** What stands for an action that cannot be read out of the request. */
const UNKNOWN_ACTION = "unknown";

export function errorResponse(
  error: AppError,
  of: {
    readonly head: RequestHead;
    /** Stands in for a request_id that cannot be read. */
    readonly eventId: string;
    readonly gatewayPubkey: string;
    readonly timestamp: string;
  },
): ErrorResponse {
  const { valid_actions: validActions, ...details } = error.details ?? {};
  const errors = error.errors.length === 0 ? {} : { errors: error.errors };
  return {
    request_id: of.head.requestId ?? of.eventId,
    action: of.head.action ?? UNKNOWN_ACTION,
    status: "error",
    error_code: nostrCode(error.code),
    error_message: ERRORS[error.code].title,
    ...(Array.isArray(validActions) && { valid_actions: validActions.map(String) }),
    details: { ...details, ...errors, code: error.code },
    timestamp: of.timestamp,
    gateway_pubkey: of.gatewayPubkey,
  };
}
