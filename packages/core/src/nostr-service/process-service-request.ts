import { AppError, toAppError } from "../errors";
import { answerRequest, resendAnswer } from "../nostr/answer-request";
import { verifyEvent } from "../nostr/event-id";
import { SERVICE_REQUEST_KIND } from "../nostr/kinds";
import { findTag } from "../nostr/nostr-event";
import { parseServiceRequest, readRequestHead, type RequestHead, type ServiceRequest } from "../nostr/service-request";
import { errorResponse } from "../nostr/service-response";
import type { DmScheme, NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { isRefusal } from "../session/is-refusal";
import { isMirrorFresh } from "../session/open-session";
import type { ProcessedEvent } from "../session/process-nostr-event";
import { isOverStrangerBudget } from "../session/stranger-budget";
import { syncVtxos } from "../vtxo/sync-vtxos";
import { serveLand } from "./serve-land";
import { serveLift } from "./serve-lift";
import { serveMonitorStatus } from "./serve-monitor-status";
import { serveQueryBalances } from "./serve-query-balances";
import { serveRenew } from "./serve-renew";
import { serveRequestChallenge } from "./serve-request-challenge";
import { serveSubmitBatch } from "./serve-submit-batch";
import { serveSyncState } from "./serve-sync-state";
import type { ServiceRequestDeps } from "./service-deps";

/** How long a request without an `expiration` tag is waited for: as long as an event may be old when it comes. */
const WAIT_SECONDS = 900;

/** What is answered by the user's VTXOs, or picks some of them. */
const READS_VTXOS: ReadonlySet<ServiceRequest["action"]> = new Set([
  "sync_state",
  "query_balances",
  "request_challenge",
  "renew",
]);

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
    if (READS_VTXOS.has(request.action)) await freshen(deps, event.pubkey);
    if (request.action === "submit_batch") {
      // Only keys that signed: nobody makes us read what anybody else holds.
      const authors = request.batch.intents.filter((intent) => verifyEvent(intent)).map(({ pubkey }) => pubkey);
      for (const author of new Set(authors)) await freshen(deps, author);
    }
    if (request.action === "land_lightning") {
      await deps.invoiceQuotes.ask(request.assetId, request.lightningInvoice);
    }
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
      return serveLand(deps, tx, event, request);
    case "sync_state":
      return serveSyncState(deps, tx, event, request);
    case "query_balances":
      return serveQueryBalances(deps, tx, event, request);
    case "monitor_status":
      return serveMonitorStatus(deps, tx, event, request);
    case "request_challenge":
      return serveRequestChallenge(deps, tx, event, request);
    case "submit_batch":
      return serveSubmitBatch(deps, tx, event, request);
    case "renew":
      return serveRenew(deps, tx, event, request);
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
