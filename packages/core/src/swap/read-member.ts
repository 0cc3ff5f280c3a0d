import { getActiveAsset } from "../asset/active-asset";
import { AppError } from "../errors";
import { verifyEvent } from "../nostr/event-id";
import { intentContentHash, parseIntentParams, type ParsedIntent } from "../nostr/intent-content";
import { type IntentContent, parseIntentEnvelope } from "../nostr/intent-envelope";
import { INTENT_KIND } from "../nostr/kinds";
import { type LegAmount, parseSolverLegs, type SwapParams } from "../nostr/swap-content";
import type { NostrEvent } from "../ports/nostr";
import {
  checkFee,
  checkIntentNetwork,
  checkIntentRecipient,
  checkIntentTimes,
  contentOf,
} from "../session/intent-rules";
import type { SwapIntent, SwapLeg } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { GBTC } from "../vtxo/vtxo";
import { asBatchError } from "./batch-error";

/** How far the clock of whoever signed may be ahead of ours. */
const AHEAD_MS_MAX = 120_000;

/** A member's signed intent after every rule that needs neither funds nor the other members. */
export interface SwapMember {
  readonly event: NostrEvent;
  readonly content: IntentContent;
  readonly contentHash: string;
  readonly legacy: boolean;
  readonly params: SwapParams;
  /** Its deadline, when that is earlier. */
  readonly expiresAt: Date;
}

type Deps = Pick<SessionDeps, "clock" | "config" | "identity">;

/** Throws `batch_invalid` with the action_id and why, as if the intent had come by itself (1001, 1003, 1005, 1006, 1002, 4001, 4002). */
export function readSwapMember(deps: Deps, event: NostrEvent): SwapMember {
  let actionId = event.id;
  try {
    if (event.kind !== INTENT_KIND || !verifyEvent(event)) throw new AppError("signature_invalid");
    const envelope = parseIntentEnvelope(event.content);
    const { content } = envelope;
    actionId = content.action_id;
    const createdAt = new Date(event.created_at * 1000);
    const now = deps.clock.now();
    if (createdAt.getTime() > now.getTime() + AHEAD_MS_MAX) throw fromTheFuture();
    checkIntentTimes(new Date(content.expires_at * 1000), createdAt, now, deps.config);
    checkIntentRecipient(deps, event);
    checkIntentNetwork(content, deps.config);
    const parsed = parseIntentParams(envelope);
    const params = legsOf(parsed);
    refuseUnsaid(parsed.content, event.pubkey);
    checkSwapFee(deps, params);
    const { legacy } = parsed;
    const expiresAt = earliest(parsed.expiresAt, content.deadline, params.deadline);
    if (expiresAt <= now) throw new AppError("intent_expired", { details: { expires_at: expiresAt.toISOString() } });
    return {
      event,
      content: parsed.content,
      contentHash: intentContentHash(parsed.content),
      legacy,
      params,
      expiresAt,
    };
  } catch (thrown) {
    throw thrown instanceof AppError ? asBatchError(thrown, actionId) : thrown;
  }
}

/** The member's intent with what the batch gives it. Errors: asset_unknown, asset_inactive, as `batch_invalid`. */
export async function toSwapIntent(
  deps: Pick<SessionDeps, "assets" | "config">,
  member: SwapMember,
  received: readonly LegAmount[],
): Promise<SwapIntent> {
  try {
    return await withLegs(deps, member, received);
  } catch (thrown) {
    throw thrown instanceof AppError ? asBatchError(thrown, member.content.action_id) : thrown;
  }
}

async function withLegs(
  deps: Pick<SessionDeps, "assets" | "config">,
  { content, params, expiresAt }: Pick<SwapMember, "content" | "params" | "expiresAt">,
  received: readonly LegAmount[],
): Promise<SwapIntent> {
  const toLegs = async (amounts: readonly LegAmount[]): Promise<readonly SwapLeg[]> => {
    const legs: SwapLeg[] = [];
    for (const { assetId, amount } of amounts) legs.push({ ...(await getActiveAsset(deps.assets, assetId)), amount });
    return legs;
  };
  return {
    actionId: content.action_id,
    type: "atomic_swap",
    feeAssetId: GBTC,
    feeAmount: deps.config.l2FeeSats,
    expiresAt,
    content: contentOf({ content }),
    give: await toLegs(params.give),
    receive: await toLegs(received),
    minLifeMs: params.minLifeSeconds === undefined ? undefined : params.minLifeSeconds * 1000,
  };
}

/** Every member pays its own fee, stated in what it signed (4001, 4002). */
function checkSwapFee({ config }: Pick<Deps, "config">, { feeAssetId, feeAmount }: SwapParams): void {
  checkFee(feeAssetId, feeAmount, config.l2FeeSats);
}

/** A side that comes by itself, to be stored until a batch takes it up. Errors: asset_unknown, asset_inactive, fee_invalid, fee_asset_rejected. */
export async function toSwapSide(
  deps: Pick<SessionDeps, "assets" | "config">,
  { content, params, expiresAt }: Pick<SwapMember, "content" | "params" | "expiresAt">,
): Promise<SwapIntent> {
  const side = await withLegs(deps, { content, params, expiresAt }, params.receive);
  checkSwapFee(deps, params);
  return side;
}

function legsOf(parsed: ParsedIntent): SwapParams {
  if (parsed.kind === "atomic_swap") return parsed.params;
  if (parsed.kind === "protocol_op") return parseSolverLegs(parsed.content.type, parsed.content.params);
  throw new AppError("unsupported_type", { details: { type: parsed.content.type } });
}

/** What stands outside params alone would be signed and then not held to: who receives is the author, and what is in the legs. */
function refuseUnsaid(
  { recipient_pubkey: recipient, min_out_amount: least, params }: IntentContent,
  author: string,
): void {
  const path =
    recipient !== undefined && recipient !== author
      ? "recipient_pubkey"
      : least !== undefined && params["min_out_amount"] === undefined
        ? "min_out_amount"
        : undefined;
  if (path === undefined) return;
  const message = "is not held to in a swap: its author receives what its legs say";
  throw new AppError("invalid_request", { errors: [{ path, code: "not_in_swap", message }] });
}

/** A swap that settled after its deadline would not be the one that was signed. */
function earliest(expiresAt: Date, ...deadlines: readonly (number | undefined)[]): Date {
  const times = deadlines.flatMap((deadline) => (deadline === undefined ? [] : [deadline * 1000]));
  return new Date(Math.min(expiresAt.getTime(), ...times));
}

function fromTheFuture(): AppError {
  const message = "created_at is in the future";
  return new AppError("invalid_request", { errors: [{ path: "created_at", code: "future", message }] });
}
