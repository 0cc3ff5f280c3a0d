import { z } from "zod";

import { canonicalDigest } from "../canonical-json";
import { AppError, type FieldError } from "../errors";
import { fieldErrors } from "../field-errors";
import { batchFields, toBatchRequest, type BatchRequest } from "./batch-content";
import {
  amount,
  assetId,
  clientId,
  gatewayId,
  heldAssetId,
  RENEWED_VTXOS_MAX,
  unixTime,
  vtxoIds,
} from "./field-schemas";
import { type JsonObject, type JsonValue, parseIntegerJson } from "./integer-json";

/** What a 31500 may ask of this gateway. Another action of the protocol is answered with this list (1008). */
export const SERVICE_ACTIONS = [
  "lift_lightning",
  "land_lightning",
  "sync_state",
  "query_balances",
  "monitor_status",
  "request_challenge",
  "submit_batch",
  "renew",
] as const;
export type ServiceAction = (typeof SERVICE_ACTIONS)[number];

/** Plain text of a 31500 after parsing. The user is the event's author; a `user_pubkey` inside says nothing. Amounts in base units. */
export type ServiceRequest =
  | LiftRequest
  | LandRequest
  | SyncRequest
  | BalancesRequest
  | MonitorRequest
  | ChallengeRequest
  | SubmitBatchRequest
  | RenewRequest;

interface RequestBase {
  readonly requestId: string;
  /** Two copies of a request are the same one when this is equal. */
  readonly contentHash: string;
}

interface PaymentRequest extends RequestBase {
  readonly assetId: string;
  readonly amount: bigint;
}

export interface SyncRequest extends RequestBase {
  readonly action: "sync_state";
  readonly since: Date | undefined;
  readonly cursor: string | undefined;
  readonly assetId: string | undefined;
}

export interface BalancesRequest extends RequestBase {
  readonly action: "query_balances";
  /** Undefined = all the user has. */
  readonly assetIds: readonly string[] | undefined;
  readonly includesVtxos: boolean;
}

export interface MonitorRequest extends RequestBase {
  readonly action: "monitor_status";
  readonly sessionId: string;
  /** How long changes are told; 0 = only the answer is wanted. */
  readonly timeoutMs: number;
  readonly isDetailed: boolean;
}

export interface ChallengeRequest extends RequestBase {
  readonly action: "request_challenge";
  readonly sessionId: string;
}

export interface SubmitBatchRequest extends RequestBase {
  readonly action: "submit_batch";
  readonly batch: BatchRequest;
}

export interface RenewRequest extends RequestBase {
  readonly action: "renew";
  /** Distinct, 1 to 20. */
  readonly vtxoIds: readonly string[];
}

export interface LiftRequest extends PaymentRequest {
  readonly action: "lift_lightning";
  readonly memo: string | undefined;
  readonly preferredExpirySeconds: number | undefined;
}

export interface LandRequest extends PaymentRequest {
  readonly action: "land_lightning";
  readonly lightningInvoice: string;
}

/** What an answer refers to, as far as it can be read out of a request that may be broken. */
export interface RequestHead {
  readonly requestId: string | undefined;
  readonly action: string | undefined;
}

const ACTION_CHARS_MAX = 64;
const MEMO_MAX = 200;
const INVOICE_CHARS_MAX = 4_096;
const EXPIRY_SECONDS_MIN = 60;
const EXPIRY_SECONDS_MAX = 3_600;
const CURSOR_CHARS_MAX = 80;
const ASSETS_MAX = 50;
const MONITOR_SECONDS_MAX = 300;

const base = {
  request_id: clientId,
  timestamp: z.union([z.int().min(0), z.string().max(40)]).optional(),
  user_pubkey: z.string().max(80).optional(),
};
const payment = { ...base, asset_id: assetId, amount };

const requestSchema = z.discriminatedUnion("action", [
  z.strictObject({
    ...payment,
    action: z.literal("lift_lightning"),
    memo: z.string().max(MEMO_MAX).optional(),
    preferred_expiry: z.int().min(EXPIRY_SECONDS_MIN).max(EXPIRY_SECONDS_MAX).optional(),
  }),
  z.strictObject({
    ...payment,
    action: z.literal("land_lightning"),
    lightning_invoice: z.string().min(1).max(INVOICE_CHARS_MAX),
  }),
  z.strictObject({
    ...base,
    action: z.literal("sync_state"),
    since: unixTime.optional(),
    cursor: z.string().min(1).max(CURSOR_CHARS_MAX).optional(),
    asset_id: heldAssetId.optional(),
  }),
  z.strictObject({
    ...base,
    action: z.literal("query_balances"),
    asset_ids: z.array(heldAssetId).min(1).max(ASSETS_MAX).optional(),
    include_vtxos: z.boolean().default(false),
  }),
  z.strictObject({
    ...base,
    action: z.literal("monitor_status"),
    session_id: gatewayId,
    timeout: z.int().min(0).max(MONITOR_SECONDS_MAX).default(MONITOR_SECONDS_MAX),
    detailed: z.boolean().default(false),
  }),
  z.strictObject({ ...base, action: z.literal("request_challenge"), session_id: gatewayId }),
  z.strictObject({ ...base, ...batchFields, action: z.literal("submit_batch") }),
  z.strictObject({ ...base, action: z.literal("renew"), vtxo_ids: vtxoIds(RENEWED_VTXOS_MAX) }),
]);

/**
 * Parses the plain text of a 31500. Throws `invalid_json`, `invalid_request` or `invalid_amount` with `errors[]` naming the fields,
 * and `unknown_action` with what this gateway serves.
 */
export function parseServiceRequest(plainText: string): ServiceRequest {
  const json = parseIntegerJson(plainText);
  const { action } = headOf(json);
  if (action !== undefined && !isServiceAction(action)) {
    throw new AppError("unknown_action", { details: { valid_actions: SERVICE_ACTIONS } });
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) throw schemaError(fieldErrors(parsed.error));
  return toRequest(parsed.data, canonicalDigest(withoutTimestamp(json)));
}

function toRequest(wire: z.output<typeof requestSchema>, contentHash: string): ServiceRequest {
  const shared = { requestId: wire.request_id, contentHash };
  switch (wire.action) {
    case "lift_lightning":
      return {
        ...shared,
        ...toPayment(wire),
        action: wire.action,
        memo: wire.memo,
        preferredExpirySeconds: wire.preferred_expiry,
      };
    case "land_lightning":
      return { ...shared, ...toPayment(wire), action: wire.action, lightningInvoice: wire.lightning_invoice };
    case "sync_state": {
      const since = wire.since === undefined ? undefined : new Date(wire.since * 1000);
      return { ...shared, action: wire.action, since, cursor: wire.cursor, assetId: wire.asset_id };
    }
    case "query_balances":
      return { ...shared, action: wire.action, assetIds: wire.asset_ids, includesVtxos: wire.include_vtxos };
    case "monitor_status": {
      const { action, session_id: sessionId, timeout, detailed: isDetailed } = wire;
      return { ...shared, action, sessionId, timeoutMs: timeout * 1000, isDetailed };
    }
    case "request_challenge":
      return { ...shared, action: wire.action, sessionId: wire.session_id };
    case "submit_batch":
      return { ...shared, action: wire.action, batch: toBatchRequest(wire) };
    case "renew":
      return { ...shared, action: wire.action, vtxoIds: wire.vtxo_ids };
  }
}

function toPayment(wire: { readonly asset_id: string; readonly amount: number }) {
  return { assetId: wire.asset_id, amount: BigInt(wire.amount) };
}

/** Never throws: what cannot be read is undefined. */
export function readRequestHead(plainText: string): RequestHead {
  try {
    return headOf(parseIntegerJson(plainText));
  } catch {
    return { requestId: undefined, action: undefined };
  }
}

function headOf(json: JsonValue): RequestHead {
  if (!isObject(json)) return { requestId: undefined, action: undefined };
  const { request_id: requestId, action } = json;
  return {
    requestId: clientId.safeParse(requestId).data,
    action: typeof action === "string" && action.length <= ACTION_CHARS_MAX ? action : undefined,
  };
}

/** When a copy was sent is no part of what it asks for. */
function withoutTimestamp(json: JsonValue): JsonObject {
  const { timestamp: _sentAt, ...rest } = isObject(json) ? json : {};
  return rest;
}

function isServiceAction(action: string): action is ServiceAction {
  return SERVICE_ACTIONS.some((known) => known === action);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As in intents: bad amounts have their own code unless another rule is broken too. */
function schemaError(errors: readonly FieldError[]): AppError {
  const onlyAmounts = errors.every((error) => error.code === "invalid_amount");
  return new AppError(onlyAmounts ? "invalid_amount" : "invalid_request", { errors });
}
