import { z } from "zod";

import { RENEW_TYPE, intentSchema } from "./event-schemas.js";
import { newId } from "./lightning-intents.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import type { IntentContent } from "./payloads.js";
import { PaymentFlow, type PaymentFlowOptions, type PaymentResult, type WaitOptions } from "./payment-flow.js";
import { parseWith } from "./validation.js";

export interface RenewRequest extends WaitOptions {
  /** 1 to 20, all alive with a day left, or all swept. */
  readonly vtxoIds: readonly string[];
  /** 8..64 of A-Z a-z 0-9 _ -; the renewal's identity: renewing twice with one id renews once. */
  readonly actionId?: string;
  /** How long the intent stays valid. */
  readonly validForSeconds?: number;
  /** Unix seconds, instead of `validForSeconds`. */
  readonly expiresAt?: number;
}

const VALID_FOR_SECONDS = 600;

const renewResponse = z.looseObject({
  renewals: z.array(
    z.looseObject({ vtxo_id: z.string(), expires_at: z.string().nullable(), way: z.enum(["transfer", "recover"]) }),
  ),
  intent_template: z.unknown(),
});

/** Answer to the service request `renew`: the way of each VTXO, and the intent to sign for it. */
export interface RenewAnswer {
  readonly renewals: z.infer<typeof renewResponse>["renewals"];
  readonly intentTemplate: IntentContent;
}

/** The 31510 content of a renewal; it has no fee. */
export function createRenewIntent(request: RenewRequest): IntentContent {
  const { vtxoIds, actionId = newId("renew"), validForSeconds = VALID_FOR_SECONDS } = request;
  if (vtxoIds.length === 0) throw new TypeError("a renewal names VTXOs");
  return {
    action_id: actionId,
    type: RENEW_TYPE,
    params: { vtxo_ids: [...vtxoIds], fee_asset_id: "gBTC", fee_amount: 0 },
    expires_at: request.expiresAt ?? Math.floor(Date.now() / 1000) + validForSeconds,
  };
}

/** Asks the gateway whether and how it would renew these VTXOs now (31500 `renew`). Nothing is held for the answer. */
export async function renew(
  nostr: Pick<NostrGatewayClient, "request">,
  vtxoIds: readonly string[],
  options: { readonly requestId?: string; readonly signal?: AbortSignal } = {},
): Promise<RenewAnswer> {
  const { response } = await nostr.request("renew", { vtxo_ids: vtxoIds }, options);
  const { renewals, intent_template } = parseWith(renewResponse, response, "renew");
  const template: IntentContent = parseWith(intentSchema, intent_template, "31510");
  return { renewals, intentTemplate: template };
}

/**
 * Renews VTXOs to the end: over Nostr when there is a `nostr`, else over HTTP. Resolves once the fresh VTXOs are there; `txid` is the
 * transfer of the old ones, or of swept ones the batch that gave them back, for which `timeoutMs` has to be long: it may be hours away. Throws as `PaymentFlow`; a CeremonyTimeoutError after the signatures says nothing against it: what the gateway
 * has received it pays for, however long it takes.
 */
export async function executeRenewFlow(options: PaymentFlowOptions, request: RenewRequest): Promise<PaymentResult> {
  const flow = new PaymentFlow(options);
  const content = createRenewIntent(request);
  if (options.nostr !== undefined) return flow.followOverNostr(content, request);
  const { client, signer } = options;
  if (client === undefined) throw new TypeError("a renewal needs a GatewayClient or a NostrGatewayClient");
  const session = await client.createSession(await signer.getPublicKey(), "p2p_transfer", content, {
    delivery: "http",
    auto_start: true,
    as: "owner",
  });
  return flow.followOverHttp({ content, sessionId: session.session_id }, { ...request, until: "session" });
}
