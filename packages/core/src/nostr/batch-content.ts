import { z } from "zod";

import { canonicalDigest } from "../canonical-json";
import { AppError } from "../errors";
import { fieldErrors } from "../field-errors";
import type { NostrEvent } from "../ports/nostr";
import { amount, assetId, clientId, hex32, unixTime } from "./field-schemas";
import { requireIntegerJson } from "./integer-json";
import type { LegAmount } from "./swap-content";

/** What `submit_batch` asks for, over Nostr and HTTP alike. */
export interface BatchRequest {
  readonly batchId: string;
  /** Signed 31510s, in the order of the transaction's inputs. Their signatures are not checked here. */
  readonly intents: readonly NostrEvent[];
  /** Exact amounts for members whose intents state a minimum, by action_id. */
  readonly allocations: readonly Allocation[];
  readonly expiresAt: Date;
  /** Two copies of a request are the same one when this is equal. */
  readonly contentHash: string;
}

export interface Allocation {
  readonly actionId: string;
  readonly receive: readonly LegAmount[];
}

const MEMBERS_MAX = 8;

const signedEvent = z.strictObject({
  id: hex32,
  pubkey: hex32,
  created_at: z.int().min(0),
  kind: z.int().min(0).max(65_535),
  tags: z.array(z.array(z.string().max(4_096)).max(64)).max(256),
  content: z.string().max(65_535),
  sig: z.string().regex(/^[0-9a-f]{128}$/, "128 lower-case hex digits"),
});

/** Fields of the request; a 31500 has its own beside them. */
export const batchFields = {
  batch_id: clientId,
  intents: z.array(signedEvent).min(2).max(MEMBERS_MAX),
  allocations: z
    .array(
      z.strictObject({
        action_id: clientId,
        receive: z
          .array(z.strictObject({ asset_id: assetId, amount }))
          .min(1)
          .max(MEMBERS_MAX),
      }),
    )
    .max(MEMBERS_MAX)
    .optional(),
  expires_at: unixTime,
};

const batchSchema = z.strictObject(batchFields);

/** The `intent_data` of an atomic_swap session. Throws `invalid_request` or `invalid_amount` with `errors[]` naming the fields. */
export function parseBatchRequest(source: Readonly<Record<string, unknown>>): BatchRequest {
  const parsed = batchSchema.safeParse(requireIntegerJson(source));
  if (!parsed.success) throw new AppError("invalid_request", { errors: fieldErrors(parsed.error, "intent_data") });
  return toBatchRequest(parsed.data);
}

export function toBatchRequest(wire: z.output<typeof batchSchema>): BatchRequest {
  const { batch_id, intents, allocations = [], expires_at } = wire;
  return {
    batchId: batch_id,
    intents,
    allocations: allocations.map(({ action_id, receive }) => ({
      actionId: action_id,
      receive: receive.map((leg) => ({ assetId: leg.asset_id, amount: BigInt(leg.amount) })),
    })),
    expiresAt: new Date(expires_at * 1000),
    contentHash: canonicalDigest({ batch_id, intents: intents.map(({ id }) => id), allocations, expires_at }),
  };
}
