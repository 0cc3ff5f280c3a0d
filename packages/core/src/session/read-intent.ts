import { getActiveAsset } from "../asset/active-asset";
import { dustOf } from "../ceremony/ark-limits";
import { AppError } from "../errors";
import { lightningFee } from "../lightning/fees";
import { findLandTerms } from "../lightning/land-terms";
import { findLiftTerms } from "../lightning/lift-terms";
import { verifyEvent } from "../nostr/event-id";
import {
  intentContentHash,
  parseIntentContent,
  type ParsedIntent,
  type ProtocolOpContent,
} from "../nostr/intent-content";
import { canonicalIntentType, INTENT_TYPE_OF_SESSION, intentKindOf } from "../nostr/intent-types";
import { INTENT_KIND } from "../nostr/kinds";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { NostrEvent } from "../ports/nostr";
import { toSwapSide } from "../swap/read-member";
import { findGatewayScript } from "../vtxo/find-gateway-script";
import { GBTC } from "../vtxo/vtxo";
import {
  checkIntentNetwork,
  checkIntentRecipient,
  checkIntentTimes,
  toLandIntent,
  toLiftIntent,
  toMultiTransferIntent,
  toOptimalChangeIntent,
  toProtocolOpIntent,
  toRenewIntent,
  toSplitIntent,
  toTransferIntent,
  type TransferIntentRules,
} from "./intent-rules";
import type { SessionIntent, SessionType } from "./session";
import type { SessionDeps } from "./session-deps";

/** An intent that passed every rule that needs no funds, and what makes two copies of it the same one. */
export interface ReadIntent {
  readonly intent: SessionIntent;
  readonly contentHash: string;
  readonly network: string;
  readonly legacy: boolean;
  readonly event: NostrEvent | undefined;
}

/** A signed 31510: proves its author. Errors as the protocol's order of checks; funds are judged later. */
export async function readSignedIntent(deps: SessionDeps, event: NostrEvent, info: ArkServerInfo): Promise<ReadIntent> {
  if (event.kind !== INTENT_KIND || !verifyEvent(event)) throw new AppError("signature_invalid");
  const now = deps.clock.now();
  const parsed = parseIntentContent(event.content);
  checkIntentTimes(parsed.expiresAt, new Date(event.created_at * 1000), now, deps.config);
  checkIntentRecipient(deps, event);
  return judgeIntent(deps, parsed, event.pubkey, info, event, intentContentHash(parsed.content));
}

/**
 * `intent_data` of an HTTP call: the content of a 31510, or its params alone. What the caller left out is filled in: action_id,
 * type, expires_at and the fee (a fee that was sent must be right).
 */
export async function readIntentData(
  deps: SessionDeps,
  input: {
    readonly userPubkey: string;
    readonly intentData: Readonly<Record<string, unknown>>;
    readonly type: SessionType;
  },
  info: ArkServerInfo,
): Promise<ReadIntent> {
  const now = deps.clock.now();
  const sent = envelopeOf(input.intentData);
  const defaultExpiry = Math.floor((now.getTime() + deps.config.sessionTimeoutMs) / 1000);
  const type = sent["type"] ?? (input.type === "protocol_op" ? undefined : INTENT_TYPE_OF_SESSION[input.type]);
  const isRenewal = typeof type === "string" && intentKindOf(canonicalIntentType(type)) === "vtxo_renew";
  const source = {
    ...sent,
    action_id: sent["action_id"] ?? deps.random.uuid(),
    type,
    expires_at: sent["expires_at"] ?? defaultExpiry,
    params: isRenewal ? withoutFee(sent["params"]) : withFee(deps, input.type, sent["params"]),
  };
  const parsed = parseIntentContent(source);
  checkIntentTimes(parsed.expiresAt, now, now, deps.config);
  // A defaulted expiry differs from call to call; it must not make a repeat look like another intent.
  const hashed = sent["expires_at"] === undefined ? { ...parsed.content, expires_at: 0 } : parsed.content;
  return judgeIntent(deps, parsed, input.userPubkey, info, undefined, intentContentHash(hashed));
}

/** A solver-owned 31510 whose times and network were checked: what is in it is for the solver to judge, so arkd is not asked. */
export function readProtocolOp(deps: SessionDeps, parsed: ProtocolOpContent, event: NostrEvent): ReadIntent {
  const network = parsed.content.network ?? deps.config.network;
  const contentHash = intentContentHash(parsed.content);
  return { intent: toProtocolOpIntent(parsed), contentHash, network, legacy: parsed.legacy, event };
}

/** Network, type, asset, amounts, invoice and fee of an intent whose times were checked. */
export async function judgeIntent(
  deps: SessionDeps,
  parsed: ParsedIntent,
  senderPubkey: string,
  info: ArkServerInfo,
  event: NostrEvent | undefined,
  contentHash: string,
): Promise<ReadIntent> {
  checkIntentNetwork(parsed.content, deps.config);
  const intent = await toIntent(deps, parsed, senderPubkey, info);
  return { intent, contentHash, network: parsed.content.network ?? deps.config.network, legacy: parsed.legacy, event };
}

async function toIntent(
  deps: SessionDeps,
  parsed: ParsedIntent,
  userPubkey: string,
  info: ArkServerInfo,
): Promise<SessionIntent> {
  const dustSats = dustOf(info);
  const { lightningConfig: config } = deps;
  switch (parsed.kind) {
    case "p2p_transfer":
      return toTransferIntent(parsed, await transferRules(deps, parsed, userPubkey, info));
    case "vtxo_split":
      return toSplitIntent(parsed, await transferRules(deps, parsed, userPubkey, info));
    case "vtxo_multi_transfer":
      return toMultiTransferIntent(parsed, await transferRules(deps, parsed, userPubkey, info));
    case "optimal_change":
      return toOptimalChangeIntent(parsed, await transferRules(deps, parsed, userPubkey, info));
    case "lightning_land": {
      const terms = await findLandTerms(deps, undefined, parsed.params.assetId);
      const { ownerPubkey: landPubkey } = await findGatewayScript(deps.vtxos, "land", info);
      return toLandIntent(parsed, { terms, config, landPubkey, dustSats, now: deps.clock.now() });
    }
    case "lightning_lift":
      return toLiftIntent(parsed, {
        terms: await findLiftTerms(deps, undefined, parsed.params.assetId),
        userPubkey,
      });
    // One side of a swap moves nothing by itself; its batch opens the session, with what the batch gives it.
    case "atomic_swap":
      return toSwapSide(deps, parsed);
    case "vtxo_renew": {
      const { ownerPubkey: landPubkey } = await findGatewayScript(deps.vtxos, "land", info);
      return toRenewIntent(parsed, { landPubkey });
    }
    case "protocol_op":
      return toProtocolOpIntent(parsed);
  }
}

async function transferRules(
  deps: SessionDeps,
  { params }: { readonly params: { readonly assetId: string } },
  senderPubkey: string,
  info: ArkServerInfo,
): Promise<TransferIntentRules> {
  const asset = await getActiveAsset(deps.assets, params.assetId);
  return { senderPubkey, asset, l2FeeSats: deps.config.l2FeeSats, dustSats: dustOf(info) };
}

const ENVELOPE_KEYS = [
  "action_id",
  "type",
  "action",
  "expires_at",
  "network",
  "protocol_version",
  "solver_id",
  "deadline",
] as const;

/** With `params` it is the content itself; without, the object is taken as params and the envelope's own keys come out of it. */
function envelopeOf(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if ("params" in data) return { ...data };
  const params: Record<string, unknown> = { ...data };
  const envelope: Record<string, unknown> = {};
  for (const key of ENVELOPE_KEYS) {
    if (key in params) envelope[key] = params[key];
    delete params[key];
  }
  return { ...envelope, params };
}

function withFee(deps: SessionDeps, type: SessionType, params: unknown): unknown {
  // A solver's params are its own: they are signed as they are.
  if (type === "protocol_op") return params;
  if (typeof params !== "object" || params === null || Array.isArray(params)) return params;
  const { amount, asset_id: assetId } = params as { readonly amount?: unknown; readonly asset_id?: unknown };
  // A land's fee is taken of what is landed.
  const feeAssetId = type === "lightning_land" && typeof assetId === "string" ? assetId : GBTC;
  return { fee_asset_id: feeAssetId, fee_amount: Number(feeOf(deps, type, amount)), ...params };
}

/** A renewal has none; one that was sent must say so. */
function withoutFee(params: unknown): unknown {
  if (typeof params !== "object" || params === null || Array.isArray(params)) return params;
  return { fee_asset_id: GBTC, fee_amount: 0, ...params };
}

function feeOf(
  { config, lightningConfig }: SessionDeps,
  type: Exclude<SessionType, "protocol_op">,
  amount: unknown,
): bigint {
  switch (type) {
    case "p2p_transfer":
    case "vtxo_split":
    case "vtxo_multi_transfer":
    case "optimal_change":
    case "atomic_swap":
      return config.l2FeeSats;
    case "lightning_lift":
      return 0n;
    case "lightning_land":
      // An amount that is none is refused by the schema, whatever its fee.
      return Number.isSafeInteger(amount)
        ? lightningFee(lightningConfig, "land", BigInt(Number(amount))).baseFeeUnits
        : 0n;
  }
}
