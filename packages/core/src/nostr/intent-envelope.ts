import { z } from "zod";

import { AppError } from "../errors";
import { fieldErrors } from "../field-errors";
import { amount, clientId, pubkey, unixTime } from "./field-schemas";
import { isJsonObject, type JsonObject, type JsonValue, parseIntegerJson, requireIntegerJson } from "./integer-json";
import { canonicalIntentType } from "./intent-types";

/**
 * The content of a 31510 before its params are judged: keys checked, the type under its canonical name, older forms moved to
 * their place. JSON-shaped, so that it can be stored and hashed as it is. `expires_at` and `deadline` are unix seconds.
 */
export interface IntentContent {
  readonly action_id: string;
  readonly type: string;
  readonly params: JsonObject;
  readonly expires_at: number;
  readonly protocol_version?: string | number | undefined;
  readonly network?: IntentNetwork | undefined;
  readonly solver_id?: string | undefined;
  readonly deadline?: number | undefined;
  readonly recipient_pubkey?: string | undefined;
  readonly min_out_amount?: number | undefined;
}

export type IntentNetwork = "regtest" | "testnet" | "signet" | "mainnet";

export interface IntentEnvelope {
  readonly content: IntentContent;
  /** It used an older form that is only kept for older clients. */
  readonly legacy: boolean;
}

const envelopeSchema = z.strictObject({
  action_id: clientId,
  type: z.string().regex(/^[a-z0-9_]{1,32}(:[a-z0-9_]{1,32})?$/, "a type name: verb or namespace:verb"),
  params: z.record(
    z.string(),
    z.custom<JsonValue>(() => true),
  ),
  expires_at: unixTime,
  protocol_version: z.union([z.string().max(32), z.int().min(0)]).optional(),
  network: z.enum(["regtest", "testnet", "signet", "mainnet"]).optional(),
  solver_id: z.string().min(1).max(128).optional(),
  deadline: unixTime.optional(),
  recipient_pubkey: pubkey.optional(),
  min_out_amount: amount.optional(),
});

/** Fields older clients put beside `params`, and the name they have inside. */
const LEGACY_PARAMS = [
  ["asset_id", "asset_id"],
  ["amount", "amount"],
  ["my_leg", "give"],
  ["counterparty_leg", "receive"],
] as const;

/**
 * Parses the content of a 31510 (text) or an `intent_data` of HTTP (a JSON value). Unknown keys, fractions and numbers above
 * 2^53-1 are refused. Throws `invalid_json` or `invalid_request` with `errors[]` naming the fields.
 */
export function parseIntentEnvelope(source: string | Readonly<Record<string, unknown>>): IntentEnvelope {
  const json = typeof source === "string" ? parseIntegerJson(source) : requireIntegerJson(source);
  if (!isJsonObject(json)) throw invalid("", "invalid_type", "The content is a JSON object");
  const legacy = liftLegacyForms(json);
  const parsed = envelopeSchema.safeParse(legacy.json);
  if (!parsed.success) throw new AppError("invalid_request", { errors: fieldErrors(parsed.error) });
  const content: IntentContent = { ...parsed.data, type: canonicalIntentType(parsed.data.type) };
  requireEqual(content, "recipient_pubkey", (value) => pubkey.safeParse(value).data);
  requireEqual(content, "min_out_amount", (value) => value);
  return { content, legacy: legacy.changed };
}

interface Lifted {
  readonly json: JsonObject;
  readonly changed: boolean;
}

/** Moves the older forms (`action`, params beside params, legs, a land's invoice in `memo`) to where they belong today. */
function liftLegacyForms(json: JsonObject): Lifted {
  const { action, ...rest } = json;
  const outer: Record<string, JsonValue> = { ...rest };
  if (action !== undefined) moveTo(outer, "type", action, "action");
  const params: Record<string, JsonValue> = isJsonObject(outer["params"]) ? { ...outer["params"] } : {};
  let moved = false;
  const move = (from: string, to: string, value: JsonValue): void => {
    moveTo(params, to, value, from);
    delete outer[from];
    moved = true;
  };
  const type = typeof outer["type"] === "string" ? canonicalIntentType(outer["type"]) : undefined;
  for (const [from, to] of LEGACY_PARAMS) {
    const value = outer[from];
    const inside = from === "amount" ? amountParamOf(type) : to;
    if (value !== undefined) move(from, inside, from === to || Array.isArray(value) ? value : [value]);
  }
  if (type === "lightning:land" && outer["memo"] !== undefined) move("memo", "lightning_invoice", outer["memo"]);
  if (needsRecipient(type) && outer["recipient_pubkey"] !== undefined && params["recipient_pubkey"] === undefined) {
    params["recipient_pubkey"] = outer["recipient_pubkey"];
    moved = true;
  }
  // Params that are present but no object stay, so that the schema names them.
  if (outer["params"] === undefined ? moved : isJsonObject(outer["params"])) outer["params"] = params;
  return { json: outer, changed: moved || action !== undefined };
}

/** What a type calls the amount that moves. */
function amountParamOf(type: string | undefined): string {
  if (type === "vtxo:multi_transfer") return "total_amount";
  return type === "vtxo:optimal_change" ? "amount_needed" : "amount";
}

function needsRecipient(type: string | undefined): boolean {
  return type === "p2p_transfer" || type === "vtxo:multi_transfer" || type === "vtxo:optimal_change";
}

function moveTo(target: Record<string, JsonValue>, key: string, value: JsonValue, from: string): void {
  const present = target[key];
  if (present !== undefined && JSON.stringify(present) !== JSON.stringify(value)) {
    throw invalid(from, "contradiction", `Differs from ${key}`);
  }
  target[key] = value;
}

function requireEqual(
  content: IntentContent,
  key: "recipient_pubkey" | "min_out_amount",
  normalise: (value: JsonValue) => JsonValue | undefined,
): void {
  const outer = content[key];
  const inner = content.params[key];
  if (outer === undefined || inner === undefined || normalise(inner) === outer) return;
  throw invalid(`params.${key}`, "contradiction", `Differs from ${key} outside params`);
}

function invalid(path: string, code: string, message: string): AppError {
  return new AppError("invalid_request", { errors: [{ path, code, message }] });
}
