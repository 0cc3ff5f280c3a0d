import { z } from "zod";

import type { GatewayClient } from "./gateway-client.js";
import { newId } from "./lightning-intents.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { toPubkeyHex } from "./nostr-utils.js";
import { type Allocation, buildSubmitBatch, type IntentContent } from "./payloads.js";
import { parseWith } from "./validation.js";

/** One asset of a side; base units, by the gateway's name. */
export interface SwapLeg {
  readonly assetId: string;
  readonly amount: number;
}

export interface SwapIntentRequest {
  readonly give: readonly SwapLeg[];
  /** `minAmount`: this or more, as whoever submits the batch allocates it. */
  readonly receive: readonly (SwapLeg | { readonly assetId: string; readonly minAmount: number })[];
  /** Hex or npub of the keys to swap with; none = whoever the solver brings. */
  readonly counterparties?: readonly string[];
  /** Who may submit it, hex or npub, when that is neither a counterparty nor the wallet itself. */
  readonly solver?: string;
  readonly swapId?: string;
  readonly actionId?: string;
  /** Unix seconds. */
  readonly expiresAt?: number;
}

const L2_FEE_SATS = 10;
const VALID_FOR_SECONDS = 600;

/** The 31510 content of one side of a swap, with its fee. */
export function createSwapIntent(request: SwapIntentRequest): IntentContent {
  const { give, receive, counterparties = [], solver } = request;
  return {
    action_id: request.actionId ?? newId("swap"),
    type: "atomic_swap",
    params: {
      swap_id: request.swapId ?? newId("swap"),
      give: give.map(({ assetId, amount }) => ({ asset_id: assetId, amount })),
      receive: receive.map((leg) =>
        "minAmount" in leg
          ? { asset_id: leg.assetId, min_amount: leg.minAmount }
          : { asset_id: leg.assetId, amount: leg.amount },
      ),
      counterparties: counterparties.map(toPubkeyHex),
      fee_asset_id: "gBTC",
      fee_amount: L2_FEE_SATS,
    },
    expires_at: request.expiresAt ?? Math.floor(Date.now() / 1000) + VALID_FOR_SECONDS,
    ...(solver === undefined ? {} : { solver_id: toPubkeyHex(solver) }),
  };
}

export interface BatchSubmission {
  /** Signed 31510s of all members, 2 to 8. */
  readonly intents: readonly NostrEvent[];
  /** Exact amounts for members that state a minimum. */
  readonly allocations?: readonly Allocation[];
  /** The same batchId with the same content is the same batch, however often it is submitted. */
  readonly batchId?: string;
  /** Unix seconds; not later than any intent's. */
  readonly expiresAt: number;
}

export interface SubmittedBatch {
  readonly batchId: string;
  /** In the order of the intents. */
  readonly members: readonly { readonly actionId: string; readonly sessionId: string }[];
  /** Absent while the gateway reads a member's VTXOs or waits for an earlier transfer of its. */
  readonly txid?: string;
  /** ISO-8601. */
  readonly expiresAt: string;
}

const submittedSchema = z.looseObject({
  batch_id: z.string(),
  members: z.array(z.looseObject({ action_id: z.string(), session_id: z.string() })).min(2),
  txid: z.string().optional(),
  expires_at: z.string(),
});

/**
 * Submits a batch over Nostr (31500 `submit_batch`) or HTTP (POST /sessions/create), as whoever the client signs for; over HTTP that key
 * is `submitter`. Every member is asked to sign by a challenge of its own. Throws ServiceRequestError or GatewayClientError (3001 with
 * the member's action_id and why, 2001, 1009).
 */
export async function submitBatch(
  via:
    | { readonly nostr: Pick<NostrGatewayClient, "request"> }
    | { readonly client: GatewayClient; readonly submitter: string },
  batch: BatchSubmission,
): Promise<SubmittedBatch> {
  const fields = buildSubmitBatch(batch.batchId ?? newId("batch"), batch.intents, batch.expiresAt, batch.allocations);
  const answer =
    "nostr" in via
      ? (await via.nostr.request("submit_batch", fields)).response
      : await via.client.createSession(via.submitter, "atomic_swap", fields, { as: "owner" });
  const { batch_id, members, txid, expires_at } = parseWith(submittedSchema, answer, "submit_batch");
  return {
    batchId: batch_id,
    members: members.map(({ action_id, session_id }) => ({ actionId: action_id, sessionId: session_id })),
    ...(txid === undefined ? {} : { txid }),
    expiresAt: expires_at,
  };
}
