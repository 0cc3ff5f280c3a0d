import { AppError, assert, toAppError } from "../errors";
import { answerRequest, resendAnswer } from "../nostr/answer-request";
import { SERVICE_REQUEST_KIND } from "../nostr/kinds";
import { findTag } from "../nostr/nostr-event";
import { requestContext } from "../nostr/notify-user";
import {
  type BalancesRequest,
  type LandRequest,
  type LiftRequest,
  parseServiceRequest,
  readRequestHead,
  type RequestHead,
  type ServiceRequest,
  type SyncRequest,
} from "../nostr/service-request";
import { errorResponse } from "../nostr/service-response";
import type { DmScheme, NostrEvent } from "../ports/nostr";
import type { NostrEventStore } from "../ports/nostr-stores";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { readAccountState, readBalanceViews } from "../session/account-state";
import { isRefusal } from "../session/is-refusal";
import { isMirrorFresh } from "../session/open-session";
import type { ProcessedEvent } from "../session/process-nostr-event";
import { readIntentData } from "../session/read-intent";
import { isOverStrangerBudget } from "../session/stranger-budget";
import { type SyncDeps, syncVtxos } from "../vtxo/sync-vtxos";
import type { LightningSessionDeps } from "./lightning-deps";
import { checkLand, invoiceOf } from "./open-land";
import { startLift } from "./start-lift";

export interface ServiceRequestDeps extends LightningSessionDeps, SyncDeps {
  readonly events: Pick<NostrEventStore, "claimRequest" | "find">;
}

/** How long a request without an `expiration` tag is waited for: as long as an event may be old when it comes. */
const WAIT_SECONDS = 900;

interface OpenedRequest {
  readonly event: NostrEvent;
  readonly plainText: string;
  readonly scheme: DmScheme;
}

/**
 * Processes one stored 31500 of a proven author. What it asks for happens once per (author, request_id): the request is claimed in the
 * transaction of its effect. A copy with the same content gets the answer that was given, another content is refused (1004).
 * Throws what should be tried again later.
 */
export async function processServiceRequest(deps: ServiceRequestDeps, event: NostrEvent): Promise<ProcessedEvent> {
  // Before anything is done for it: a stranger whom nobody would answer must not have an invoice made.
  if (await isOverStrangerBudget(deps, event.pubkey)) return { errorCode: "rate_limited", wakes: [] };
  let head: RequestHead = { requestId: undefined, action: undefined };
  try {
    const opened = openRequest(deps, event);
    head = readRequestHead(opened.plainText);
    const request = parseServiceRequest(opened.plainText);
    if (request.action === "sync_state" || request.action === "query_balances") await freshen(deps, event.pubkey);
    const wakes = await deps.transactions.run((tx) => serveOnce(deps, tx, opened, request));
    return { errorCode: undefined, wakes };
  } catch (thrown) {
    const error = toAppError(thrown);
    // Our own trouble is waited out, but not for longer than anybody waits for an answer.
    if (!isRefusal(error) && !isOverdue(event, deps.clock.now())) throw error;
    await deps.transactions.run((tx) => refuseRequest(deps, tx, event, head, error));
    return { errorCode: error.code, wakes: [] };
  }
}

function isOverdue(event: NostrEvent, now: Date): boolean {
  const waitsUntil = Number(findTag(event, "expiration") ?? event.created_at + WAIT_SECONDS);
  return now.getTime() / 1000 >= waitsUntil;
}

/** Tells an author, once, that its requests come too fast (1009). Nothing else happens to the event; its request_id stays free. */
export async function notifyRequestLimit(deps: ServiceRequestDeps, tx: Tx, event: NostrEvent): Promise<void> {
  if (await isOverStrangerBudget(deps, event.pubkey)) return;
  const unread = { requestId: undefined, action: undefined };
  await refuseRequest(deps, tx, event, unread, new AppError("rate_limited"));
}

function openRequest({ identity }: ServiceRequestDeps, event: NostrEvent): OpenedRequest {
  if (identity === undefined) throw new AppError("decryption_failed");
  return { event, ...identity.decrypt(event.pubkey, event.content) };
}

async function serveOnce(
  deps: ServiceRequestDeps,
  tx: Tx,
  { event, scheme }: OpenedRequest,
  request: ServiceRequest,
): Promise<readonly Wake[]> {
  await deps.peers.remember(tx, event.pubkey, scheme);
  const key = `${event.pubkey}:${SERVICE_REQUEST_KIND}:${request.requestId}`;
  const claim = await deps.events.claimRequest(tx, event.id, key);
  if (claim.isNew) return serve(deps, tx, event, request);
  // An attempt at this very event that died behind its commit: all is done.
  if (claim.eventId === event.id) return [];
  const first = await deps.events.find(tx, claim.eventId);
  const isSame = first !== undefined && hashOf(deps, first.event) === request.contentHash;
  if (!isSame) throw new AppError("duplicate_action");
  await resendAnswer(deps, tx, event.pubkey, request.requestId);
  return [];
}

function hashOf(deps: ServiceRequestDeps, event: NostrEvent): string {
  return parseServiceRequest(openRequest(deps, event).plainText).contentHash;
}

async function serve(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: ServiceRequest,
): Promise<readonly Wake[]> {
  switch (request.action) {
    case "lift_lightning":
      return serveLift(deps, tx, event, request);
    case "land_lightning":
      return quoteLand(deps, tx, event, request);
    case "sync_state":
      return showState(deps, tx, event, request);
    case "query_balances":
      return showBalances(deps, tx, event, request);
  }
}

/** Reads the user's VTXOs from arkd when the mirror is too old. What cannot be read now is shown as it was, and says so. */
async function freshen(deps: ServiceRequestDeps, userPubkey: string): Promise<void> {
  if (await isMirrorFresh(deps, userPubkey)) return;
  try {
    await syncVtxos(deps, { ownerPubkey: userPubkey });
  } catch (thrown) {
    if (toAppError(thrown).code !== "daemon_unavailable") throw thrown;
  }
}

async function showState(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: SyncRequest,
): Promise<readonly Wake[]> {
  const { requestId, action, since, cursor, assetId } = request;
  const state = await readAccountState(deps, tx, { userPubkey: event.pubkey, since, cursor, assetId });
  await answerRequest(deps, tx, {
    userPubkey: event.pubkey,
    requestEventId: event.id,
    requestId,
    content: ({ gatewayPubkey, timestamp }) => ({
      request_id: requestId,
      action,
      status: "success",
      ...state,
      timestamp,
      gateway_pubkey: gatewayPubkey,
    }),
  });
  return [];
}

async function showBalances(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: BalancesRequest,
): Promise<readonly Wake[]> {
  const { requestId, action, assetIds, includesVtxos } = request;
  const userPubkey = event.pubkey;
  const balances = await readBalanceViews(deps, userPubkey, assetIds);
  const state = await readAccountState(deps, tx, {
    userPubkey,
    since: undefined,
    cursor: undefined,
    assetId: undefined,
  });
  await answerRequest(deps, tx, {
    userPubkey,
    requestEventId: event.id,
    requestId,
    content: ({ gatewayPubkey, timestamp }) => ({
      request_id: requestId,
      action,
      status: "success",
      balances,
      ...(includesVtxos ? { vtxos: state.user_vtxos } : {}),
      last_updated: state.last_sync,
      timestamp,
      gateway_pubkey: gatewayPubkey,
    }),
  });
  return [];
}

/** The answer goes out with the invoice, which the worker has the node make (`answerLiftRequest`). */
async function serveLift(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: LiftRequest,
): Promise<readonly Wake[]> {
  const { wakes } = await startLift(deps, tx, {
    userPubkey: event.pubkey,
    assetId: request.assetId,
    amount: request.amount,
    memo: request.memo ?? "",
    expirySeconds: request.preferredExpirySeconds,
    createdBy: `nostr:${event.pubkey}`,
    countedAs: `nostr:${event.pubkey}`,
    ownerProven: true,
    delivery: "both",
    context: requestContext({ requestId: request.requestId, eventId: event.id }),
  });
  return wakes;
}

/**
 * A quote: the fee, and the exact 31510 to sign for it. Nothing is held and nothing begins; the rules that need no funds are applied, so
 * that nobody signs what would be refused at once.
 */
async function quoteLand(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: LandRequest,
): Promise<readonly Wake[]> {
  const { requestId } = request;
  const params = {
    asset_id: request.assetId,
    amount: Number(request.amount),
    lightning_invoice: request.lightningInvoice,
  };
  const { intent } = await readIntentData(
    deps,
    { userPubkey: event.pubkey, type: "lightning_land", intentData: { action_id: requestId, params } },
    await deps.arkInfo.current(),
  );
  assert(intent.type === "lightning_land", "the intent of a land");
  const { amountSats } = intent;
  await checkLand(deps, tx, { userPubkey: event.pubkey, amountSats, invoice: invoiceOf(intent) });
  await answerRequest(deps, tx, {
    userPubkey: event.pubkey,
    requestEventId: event.id,
    requestId,
    content: ({ gatewayPubkey, timestamp }) => ({
      request_id: requestId,
      action: request.action,
      status: "success",
      asset_id: intent.assetId,
      amount: Number(amountSats),
      fee_asset_id: intent.feeAssetId,
      fee_amount: Number(intent.feeSats),
      total_amount: Number(amountSats + intent.feeSats),
      payment_hash: intent.paymentHash,
      intent_template: intent.content,
      timestamp,
      gateway_pubkey: gatewayPubkey,
    }),
  });
  return [];
}

async function refuseRequest(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  head: RequestHead,
  error: AppError,
): Promise<void> {
  await answerRequest(deps, tx, {
    userPubkey: event.pubkey,
    requestEventId: event.id,
    requestId: head.requestId ?? event.id,
    isNotice: error.code === "duplicate_action",
    content: (facts) => errorResponse(error, { head, eventId: event.id, ...facts }),
  });
}
