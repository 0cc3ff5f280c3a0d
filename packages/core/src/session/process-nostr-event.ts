import { canonicalDigest } from "../canonical-json";
import { AppError, toAppError, type ErrorCode } from "../errors";
import { intentContentHash, parseIntentParams } from "../nostr/intent-content";
import { parseIntentEnvelope, type IntentContent } from "../nostr/intent-envelope";
import { INTENT_KIND, RESPONSE_KIND } from "../nostr/kinds";
import { parseResponseContent } from "../nostr/response-content";
import { sessionIdOfEvent } from "../nostr/session-id";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { syncVtxos } from "../vtxo/sync-vtxos";
import { intentReceivedEvent } from "../webhook/intent-event";
import { checkIntentNetwork, checkIntentTimes } from "./intent-rules";
import { isRefusal } from "./is-refusal";
import { isMirrorFresh, needsCoins, openReadIntent, storeIntent } from "./open-session";
import { publishFailure, publishNotice } from "./publish-failure";
import { judgeIntent, readProtocolOp, type ReadIntent } from "./read-intent";
import { respondToChallenge } from "./respond-to-challenge";
import type { CeremonyDeps } from "./session-deps";
import { isOverStrangerBudget } from "./stranger-budget";

export interface ProcessedEvent {
  /** undefined = accepted; else why it was not, as the notice to its author says. */
  readonly errorCode: ErrorCode | undefined;
  readonly wakes: readonly Wake[];
}

/**
 * Processes one stored event of a proven author (id and signature were checked before it was stored). Idempotent: a second run
 * finds the session, the answer or the outcome of the first. Throws what should be tried again later (arkd down).
 */
export async function processNostrEvent(deps: CeremonyDeps, event: NostrEvent): Promise<ProcessedEvent> {
  switch (event.kind) {
    case INTENT_KIND:
      return processIntent(deps, event);
    case RESPONSE_KIND:
      return processResponse(deps, event);
    default:
      return { errorCode: "unsupported_type", wakes: [] };
  }
}

async function processIntent(deps: CeremonyDeps, event: NostrEvent): Promise<ProcessedEvent> {
  let content: IntentContent | undefined;
  try {
    const envelope = parseIntentEnvelope(event.content);
    content = envelope.content;
    checkIntentTimes(expiryOf(content), new Date(event.created_at * 1000), deps.clock.now(), deps.config);
    const replayed = await replayOutcome(deps, event, content);
    if (replayed !== undefined) return replayed;
    // Before type and params, which is the protocol's order of refusals.
    checkIntentNetwork(content, deps.config);
    const parsed = parseIntentParams(envelope);
    if (parsed.kind === "protocol_op") return await storeForSolvers(deps, event, readProtocolOp(deps, parsed, event));
    const info = await deps.arkInfo.current();
    if (parsed.kind === "lightning_land") {
      await deps.invoiceQuotes.ask(parsed.params.assetId, parsed.params.lightningInvoice);
    }
    const read = await judgeIntent(deps, parsed, event.pubkey, info, event, intentContentHash(parsed.content));
    if (read.intent.type === "atomic_swap") return await storeForSolvers(deps, event, read);
    if (needsCoins(read.intent) && !(await isMirrorFresh(deps, event.pubkey)))
      await syncVtxos(deps, { ownerPubkey: event.pubkey });
    const opened = await deps.transactions.run((tx) =>
      openReadIntent(deps, tx, info, {
        read,
        userPubkey: event.pubkey,
        sessionId: sessionIdOfEvent(event.id),
        createdBy: `nostr:${event.pubkey}`,
        countedAs: `nostr:${event.pubkey}`,
        ownerProven: true,
        delivery: "both",
        autoStart: true,
      }),
    );
    return { errorCode: undefined, wakes: opened.wakes };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!isRefusal(error)) throw error;
    await refuseIntent(deps, event, content, error);
    return { errorCode: error.code, wakes: [] };
  }
}

/**
 * A solver's own type does nothing until a solver opens a session over it, nor does one side of a swap before a batch takes it up. One
 * that has come to be stored meanwhile is the same or has used the action_id up.
 */
async function storeForSolvers(deps: CeremonyDeps, event: NostrEvent, read: ReadIntent): Promise<ProcessedEvent> {
  const solverId = read.intent.content["solver_id"];
  const outcome = await deps.transactions.run(async (tx) => {
    const stored = await storeIntent(deps, tx, read, event.pubkey);
    if (stored.outcome === "inserted")
      await deps.webhooks.announce(tx, intentReceivedEvent(event, typeof solverId === "string" ? solverId : undefined));
    return stored.outcome;
  });
  if (outcome === "duplicate") throw new AppError("duplicate_action");
  return { errorCode: undefined, wakes: [] };
}

/** An action_id seen before: the same content is answered with its stored outcome, other content is refused (1004). */
async function replayOutcome(
  deps: CeremonyDeps,
  event: NostrEvent,
  content: IntentContent,
): Promise<ProcessedEvent | undefined> {
  const stored = await deps.intents.find(event.pubkey, "", content.action_id);
  if (stored === undefined) return undefined;
  const result = await deps.results.find(event.pubkey, content.action_id);
  // This very event, by an attempt that died: with an outcome there is nothing left to do, without one it is gone through again.
  if (stored.eventId === event.id) return result === undefined ? undefined : { errorCode: undefined, wakes: [] };
  if (stored.contentHash !== intentHashOf(content)) throw new AppError("duplicate_action");
  if (result !== undefined) {
    await deps.transactions.run((tx) => resendOutcome(deps, tx, event.pubkey, content.action_id));
  }
  return { errorCode: undefined, wakes: [] };
}

/** Nothing while the action has no outcome yet. */
async function resendOutcome(deps: CeremonyDeps, tx: Tx, authorPubkey: string, actionId: string): Promise<void> {
  const eventId = (await deps.results.find(authorPubkey, actionId))?.eventId;
  if (eventId !== undefined) await deps.outbox.resend(tx, eventId);
}

/** The author is told once per action_id, and the action_id is used up: the outcome of an action never changes. */
async function refuseIntent(
  deps: CeremonyDeps,
  event: NostrEvent,
  content: IntentContent | undefined,
  error: AppError,
): Promise<void> {
  // What cannot be parsed has no action_id; the event's own id stands in for it.
  const actionId = content?.action_id ?? event.id;
  const silent = await isOverStrangerBudget(deps, event.pubkey);
  const notice = { authorPubkey: event.pubkey, actionId, refId: actionId, intentEventId: event.id, silent, error };
  await deps.transactions.run(async (tx) => {
    if (error.code === "duplicate_action") return publishNotice(deps, tx, notice);
    if (content !== undefined) {
      const { outcome } = await deps.intents.insert(tx, rejectedIntent(deps, event, content));
      // Other content was here first: its outcome is the action's.
      if (outcome === "duplicate") {
        return publishNotice(deps, tx, { ...notice, error: new AppError("duplicate_action") });
      }
      // The same content was taken while its time stood: its session decides, and may have reached arkd by now.
      if (outcome === "replay") return resendOutcome(deps, tx, event.pubkey, actionId);
    }
    return publishFailure(deps, tx, notice);
  });
}

function rejectedIntent(deps: CeremonyDeps, event: NostrEvent, content: IntentContent) {
  return {
    pubkey: event.pubkey,
    namespace: "",
    actionId: content.action_id,
    eventId: event.id,
    type: content.type,
    params: { ...content },
    contentHash: intentHashOf(content),
    network: content.network ?? deps.config.network,
    expiresAt: expiryOf(content),
    feeAssetId: undefined,
    feeAmount: undefined,
    rawEvent: JSON.stringify(event),
    legacy: false,
    status: "rejected" as const,
  };
}

/**
 * The hash an accepted intent is filed under is taken after its params were normalised; content that does not get that far
 * is filed as it is.
 */
function intentHashOf(content: IntentContent): string {
  try {
    return intentContentHash(parseIntentParams({ content, legacy: false }).content);
  } catch {
    return canonicalDigest(content);
  }
}

function expiryOf(content: IntentContent): Date {
  return new Date(content.expires_at * 1000);
}

/** A 31512: a wrong answer changes nothing and gets no notice; the challenge is still open. */
async function processResponse(deps: CeremonyDeps, event: NostrEvent): Promise<ProcessedEvent> {
  try {
    const { identity } = deps;
    if (identity === undefined) throw new AppError("decryption_failed");
    const { plainText, scheme } = identity.decrypt(event.pubkey, event.content);
    const response = parseResponseContent(plainText);
    if (response.pubkey !== undefined && response.pubkey !== event.pubkey) throw new AppError("signature_mismatch");
    const responded = await deps.transactions.run(async (tx) => {
      const answered = await respondToChallenge(deps, tx, {
        sessionId: response.sessionId,
        signedBy: event.pubkey,
        payloadRef: response.payloadRef,
        responseEventId: event.id,
        ...(response.challengeId === undefined ? {} : { challengeId: response.challengeId }),
        ...(response.signature === undefined ? {} : { signature: response.signature }),
        ...(response.signatures === undefined ? {} : { signatures: response.signatures }),
        ...(response.checkpointSignatures === undefined ? {} : { checkpointSignatures: response.checkpointSignatures }),
      });
      await deps.peers.remember(tx, event.pubkey, scheme);
      return answered;
    });
    return { errorCode: undefined, wakes: responded.wakes };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!isRefusal(error)) throw error;
    return { errorCode: error.code, wakes: [] };
  }
}
