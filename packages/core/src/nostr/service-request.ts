import { z } from "zod";

import { canonicalDigest } from "../canonical-json";
import { AppError, type FieldError } from "../errors";
import { fieldErrors } from "../field-errors";
import { amount, assetId, clientId } from "./field-schemas";
import { type JsonObject, type JsonValue, parseIntegerJson } from "./integer-json";

/** What a 31500 may ask of this gateway. Another action of the protocol is answered with this list (1008). */
export const SERVICE_ACTIONS = ["lift_lightning", "land_lightning"] as const;
export type ServiceAction = (typeof SERVICE_ACTIONS)[number];

/** Plain text of a 31500 after parsing. The user is the event's author; a `user_pubkey` inside says nothing. Amounts in base units. */
export type ServiceRequest = LiftRequest | LandRequest;

interface RequestBase {
  readonly requestId: string;
  /** Two copies of a request are the same one when this is equal. */
  readonly contentHash: string;
  readonly assetId: string;
  readonly amount: bigint;
}

export interface LiftRequest extends RequestBase {
  readonly action: "lift_lightning";
  readonly memo: string | undefined;
  readonly preferredExpirySeconds: number | undefined;
}

export interface LandRequest extends RequestBase {
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

const base = {
  request_id: clientId,
  timestamp: z.union([z.int().min(0), z.string().max(40)]).optional(),
  user_pubkey: z.string().max(80).optional(),
  asset_id: assetId,
  amount,
};

const requestSchema = z.discriminatedUnion("action", [
  z.strictObject({
    ...base,
    action: z.literal("lift_lightning"),
    memo: z.string().max(MEMO_MAX).optional(),
    preferred_expiry: z.int().min(EXPIRY_SECONDS_MIN).max(EXPIRY_SECONDS_MAX).optional(),
  }),
  z.strictObject({
    ...base,
    action: z.literal("land_lightning"),
    lightning_invoice: z.string().min(1).max(INVOICE_CHARS_MAX),
  }),
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
  const wire = parsed.data;
  const shared = {
    requestId: wire.request_id,
    contentHash: canonicalDigest(withoutTimestamp(json)),
    assetId: wire.asset_id,
    amount: BigInt(wire.amount),
  };
  return wire.action === "lift_lightning"
    ? { ...shared, action: wire.action, memo: wire.memo, preferredExpirySeconds: wire.preferred_expiry }
    : { ...shared, action: wire.action, lightningInvoice: wire.lightning_invoice };
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
