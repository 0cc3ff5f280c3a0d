import { actsAsOwner, type Caller, countedAs } from "../caller";
import { selectionRules } from "../ceremony/ark-limits";
import { judgeFunds } from "../ceremony/choose-inputs";
import { AppError } from "../errors";
import { insertJob } from "../jobs/insert-job";
import { checkLand, invoiceOf, openLand } from "../lightning/open-land";
import { startLift } from "../lightning/start-lift";
import { randomSessionId } from "../nostr/session-id";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { NostrEvent } from "../ports/nostr";
import type { NewIntent } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { judgeRenewal } from "../renewal/judge-renewal";
import { ensureUserScript } from "../vtxo/ensure-script";
import { announceSession } from "../webhook/session-events";
import { wakeOf } from "./move-session";
import { readIntentData, readSignedIntent, type ReadIntent } from "./read-intent";
import {
  isRecovery,
  SESSION_TYPES,
  sessionTypeOf,
  type Delivery,
  type LiftIntent,
  type Session,
  type SessionIntent,
  type SessionType,
} from "./session";
import { MIRROR_AGE_MS_MAX, type SessionDeps } from "./session-deps";

export interface OpenSessionInput {
  readonly caller: Caller;
  readonly userPubkey: string;
  /** Any session type of the protocol; those this gateway does not execute are `unsupported_type`. */
  readonly sessionType: string;
  readonly intentData: Readonly<Record<string, unknown>>;
  /** The user's signed 31510: makes the session owner-proven, whoever brings it. */
  readonly intentEvent?: NostrEvent;
  readonly delivery: Delivery;
  readonly autoStart: boolean;
}

export interface OpenedSession {
  readonly session: Session;
  /** The same action with the same content was opened before; nothing was written. */
  readonly replayed: boolean;
  /** The user's VTXOs were not read within the last minute: the balance is judged in step 1. */
  readonly mirrorIsFresh: boolean;
  /** The vtxo_sync job that was started for a stale mirror. */
  readonly syncJobId: string | undefined;
  readonly wakes: readonly Wake[];
}

/**
 * Opens a session for a user's intent, at most once per (user, action_id) within its namespace. Errors: those of the intent
 * rules, duplicate_action, session_limit, insufficient_balance and the input errors (fresh mirror only), not_ready.
 */
export async function openSession(deps: SessionDeps, tx: Tx, input: OpenSessionInput): Promise<OpenedSession> {
  const type = executableType(input.sessionType);
  const info = await deps.arkInfo.current();
  const read =
    input.intentEvent === undefined
      ? await readIntentData(deps, { userPubkey: input.userPubkey, intentData: input.intentData, type }, info)
      : await readEventOf(deps, input.userPubkey, input.intentEvent, info);
  requireType(read, type);
  const ownerProven = read.event !== undefined || actsAsOwner(input.caller, input.userPubkey);
  const result = await openReadIntent(deps, tx, info, {
    read,
    userPubkey: input.userPubkey,
    sessionId: randomSessionId(deps.random),
    createdBy: input.caller.principal,
    countedAs: countedAs(input.caller),
    ownerProven,
    delivery: input.delivery,
    autoStart: input.autoStart,
  });
  return !needsCoins(read.intent) || result.replayed || result.mirrorIsFresh
    ? result
    : withSync(deps, tx, result, input.caller);
}

/** Whoever opened over HTTP is told the job that reads the VTXOs; a session that starts by itself does not wait for it. */
async function withSync(deps: SessionDeps, tx: Tx, result: OpenedSession, caller: Caller): Promise<OpenedSession> {
  const sync = await requestSync(deps, tx, result.session.userPubkey, caller);
  return { ...result, syncJobId: sync.jobId, wakes: [...result.wakes, ...sync.wakes] };
}

/** Whether the user's own VTXOs are spent. */
export function needsCoins({ type }: SessionIntent): boolean {
  return type !== "lightning_lift" && type !== "protocol_op";
}

export interface OpenIntent {
  readonly read: ReadIntent;
  readonly userPubkey: string;
  readonly sessionId: string;
  readonly createdBy: string;
  /** Whom limits per caller count; a lift's only. */
  readonly countedAs: string;
  readonly ownerProven: boolean;
  readonly delivery: Delivery;
  readonly autoStart: boolean;
}

/** The part HTTP and Nostr share: dedupe, quota, funds, row. */
export async function openReadIntent(
  deps: SessionDeps,
  tx: Tx,
  info: ArkServerInfo,
  open: OpenIntent,
): Promise<OpenedSession> {
  const { intent: sent } = open.read;
  // The sides of a swap are opened together, by their batch (swap/submit-batch.ts).
  if (sent.type === "atomic_swap") throw new AppError("unsupported_type", { details: { type: sent.type } });
  const stored = await insertIntent(deps, tx, open);
  if (sent.type === "lightning_lift" && sent.claimsHash !== undefined && stored.outcome !== "duplicate") {
    return opened(await findClaimedLift(deps, tx, open.userPubkey, sent.claimsHash), { replayed: true });
  }
  // What nobody had opened a session for is taken up by the first one, and by no other.
  const isTaken = stored.outcome === "replay" && (await deps.intents.acceptStored(tx, stored.intentId));
  if (stored.outcome !== "inserted" && !isTaken) return replayOf(deps, tx, stored.outcome, stored.intentId, open);
  if (sent.type === "lightning_lift") return openLift(deps, tx, open, sent, stored.intentId);
  const intent = sent.type === "vtxo_renew" ? await judgeRenewal(deps, tx, open.userPubkey, sent) : sent;
  await ensureUserScript(deps.vtxos, tx, open.userPubkey, info, "user_pubkey");
  await requireQuota(deps, tx, { ...open, type: intent.type });
  const now = deps.clock.now();
  const invoice = intent.type === "lightning_land" ? invoiceOf(intent) : undefined;
  if (intent.type === "lightning_land") await checkLand(deps, tx, { userPubkey: open.userPubkey, intent });
  // What is swept is no funds; step 1 looks at it at arkd.
  const mirrorIsFresh = isRecovery({ intent }) || (await judgeIfFresh(deps, tx, info, open));
  const session = await deps.sessions.insert(
    tx,
    {
      sessionId: open.sessionId,
      userPubkey: open.userPubkey,
      sessionType: sessionTypeOf(intent),
      intentId: stored.intentId,
      intent,
      intentEventId: open.read.event?.id,
      context: intent.type === "vtxo_renew" ? { renew: { way: intent.way } } : {},
      createdBy: open.createdBy,
      ownerProven: open.ownerProven,
      delivery: open.delivery,
      autoStart: open.autoStart,
      prepareSince: open.autoStart ? now : undefined,
      expiresAt: earliest(
        new Date(now.getTime() + deps.config.sessionTimeoutMs),
        intent.expiresAt,
        // Nothing is handed over for an invoice that can no longer be paid.
        ...(invoice === undefined ? [] : [invoice.expiresAt]),
      ),
    },
    [{ event: "opened", data: { action_id: intent.actionId, delivery: open.delivery } }],
  );
  await announceSession(deps, tx, "session.created", session);
  if (invoice !== undefined) await openLand(deps, tx, session);
  const wakes = open.autoStart ? [wakeOf(session, now)] : [];
  return opened(session, { mirrorIsFresh, wakes });
}

/** Funds are judged on a fresh mirror only; otherwise in step 1. */
async function judgeIfFresh(deps: SessionDeps, tx: Tx, info: ArkServerInfo, open: OpenIntent): Promise<boolean> {
  const { intent } = open.read;
  if (intent.type === "protocol_op" || intent.type === "atomic_swap") return true;
  const isFresh = await isMirrorFresh(deps, open.userPubkey);
  if (isFresh) await judgeFunds(deps, tx, { ...open, intent }, selectionRules(deps, intent, info));
  return isFresh;
}

function opened(session: Session, more: Partial<OpenedSession> = {}): OpenedSession {
  return { session, replayed: false, mirrorIsFresh: true, syncJobId: undefined, wakes: [], ...more };
}

function earliest(...times: readonly Date[]): Date {
  return new Date(Math.min(...times.map((time) => time.getTime())));
}

/** A lift needs no coins of its user; its limits, row and session are its own. */
async function openLift(
  deps: SessionDeps,
  tx: Tx,
  open: OpenIntent,
  intent: LiftIntent,
  intentId: bigint,
): Promise<OpenedSession> {
  const { userPubkey, createdBy, ownerProven, delivery, sessionId, read } = open;
  const { actionId, expiresAt, content } = intent;
  const { session, wakes } = await startLift(deps, tx, {
    userPubkey,
    assetId: intent.assetId,
    amount: intent.amount,
    memo: intent.memo,
    expirySeconds: undefined,
    createdBy,
    countedAs: open.countedAs,
    ownerProven,
    delivery,
    context: {},
    intent: { intentId, eventId: read.event?.id, sessionId, actionId, expiresAt, content },
  });
  return opened(session, { wakes });
}

/** The session of a lift that its own user names; somebody else's is like none. */
async function findClaimedLift(deps: SessionDeps, tx: Tx, userPubkey: string, paymentHash: string): Promise<Session> {
  const lift = await deps.operations.findByHash(tx, paymentHash);
  const isOwn = lift?.invoiceType === "lift" && lift.userPubkey === userPubkey;
  const session = isOwn ? await deps.sessions.find(lift.sessionId) : undefined;
  if (session === undefined) throw new AppError("not_found");
  return session;
}

/** Starts (or joins) the caller's running vtxo_sync of a key. It is the caller's own job, or nobody could look at its id. */
export function requestSync(deps: SessionDeps, tx: Tx, ownerPubkey: string, caller: Caller) {
  return insertJob(deps.jobs, tx, {
    task: "vtxo_sync",
    payload: { v: 1, ownerPubkey },
    owner: caller.principal,
    dedupeKey: `vtxo_sync:${ownerPubkey}:${caller.principal}`,
    singleFlight: true,
  });
}

export async function isMirrorFresh(deps: Pick<SessionDeps, "vtxos" | "clock">, ownerPubkey: string): Promise<boolean> {
  const syncedAt = await deps.vtxos.findSyncedAt(ownerPubkey);
  return syncedAt !== undefined && deps.clock.now().getTime() - syncedAt.getTime() <= MIRROR_AGE_MS_MAX;
}

function executableType(sessionType: string): SessionType {
  const type = SESSION_TYPES.find((known) => known === sessionType);
  // The sides of a swap are opened together, by their batch (swap/submit-batch.ts).
  if (type === undefined || type === "atomic_swap") {
    throw new AppError("unsupported_type", { details: { type: sessionType } });
  }
  return type;
}

function requireType({ intent }: ReadIntent, type: SessionType): void {
  if (sessionTypeOf(intent) === type) return;
  const message = `A session of type ${type} is opened by another intent`;
  throw new AppError("invalid_request", { errors: [{ path: "session_type", code: "other_type", message }] });
}

async function readEventOf(
  deps: SessionDeps,
  userPubkey: string,
  event: NostrEvent,
  info: ArkServerInfo,
): Promise<ReadIntent> {
  if (event.pubkey !== userPubkey) {
    const message = "The intent is signed by another key than user_pubkey";
    throw new AppError("signature_invalid", {
      message,
      errors: [{ path: "intent_event.pubkey", code: "other_key", message }],
    });
  }
  return readSignedIntent(deps, event, info);
}

/** A solver-owned 31510 as it came: kept for whoever opens a session over it, and for its action_id. */
export function storeIntent(deps: Pick<SessionDeps, "intents">, tx: Tx, read: ReadIntent, userPubkey: string) {
  return deps.intents.insert(tx, { ...newIntentOf(read, userPubkey), namespace: "", status: "stored" });
}

function insertIntent(deps: SessionDeps, tx: Tx, open: OpenIntent) {
  const namespace = open.ownerProven ? "" : open.createdBy;
  return deps.intents.insert(tx, { ...newIntentOf(open.read, open.userPubkey), namespace, status: "accepted" });
}

function newIntentOf(read: ReadIntent, userPubkey: string): Omit<NewIntent, "namespace" | "status"> {
  return {
    pubkey: userPubkey,
    actionId: read.intent.actionId,
    eventId: read.event?.id,
    type: read.intent.type === "protocol_op" ? read.intent.operation : read.intent.type,
    params: read.intent.content,
    contentHash: read.contentHash,
    network: read.network,
    expiresAt: read.intent.expiresAt,
    feeAssetId: read.intent.feeAssetId,
    feeAmount: read.intent.feeAmount,
    rawEvent: read.event === undefined ? undefined : JSON.stringify(read.event),
    legacy: read.legacy,
  };
}

async function replayOf(
  deps: SessionDeps,
  tx: Tx,
  outcome: "replay" | "duplicate",
  intentId: bigint,
  open: OpenIntent,
): Promise<OpenedSession> {
  const session = await deps.sessions.findByIntent(tx, intentId);
  // An intent that was refused over Nostr used its action_id up and has no session.
  if (outcome === "duplicate" || session === undefined) {
    throw new AppError("duplicate_action", { details: session === undefined ? {} : { session_id: session.sessionId } });
  }
  const mirrorIsFresh = !needsCoins(session.intent) || (await isMirrorFresh(deps, open.userPubkey));
  return opened(session, { replayed: true, mirrorIsFresh });
}

/** Throws `session_limit` when the key, or for sessions nobody proved their creator, has as many open as it may. */
export async function requireQuota(
  deps: Pick<SessionDeps, "config" | "sessions">,
  tx: Tx,
  open: Pick<OpenIntent, "ownerProven" | "userPubkey" | "createdBy"> & { readonly type: SessionIntent["type"] },
): Promise<void> {
  const { maxSessionsPerUser, unprovenSessionsPerCreator } = deps.config;
  if (open.ownerProven) {
    const { funded, protocolOps } = await deps.sessions.countOpenOfUser(tx, open.userPubkey);
    // What spends nothing never holds up what does, and has half as much room: anybody can open one over a published intent.
    const isOp = open.type === "protocol_op";
    const [count, limit] = isOp ? [protocolOps, Math.ceil(maxSessionsPerUser / 2)] : [funded, maxSessionsPerUser];
    if (count >= limit) throw sessionLimit(`${count} sessions of this key are open; the limit is ${limit}.`);
    return;
  }
  const { ofCreator, ofCreatorAndUser } = await deps.sessions.countOpenUnproven(tx, open.createdBy, open.userPubkey);
  if (ofCreatorAndUser >= 1)
    throw sessionLimit("A session for this user that its owner did not prove is open already.");
  if (ofCreator >= unprovenSessionsPerCreator) {
    throw sessionLimit(
      `${ofCreator} sessions that their owners did not prove are open; the limit is ${unprovenSessionsPerCreator}.`,
    );
  }
}

function sessionLimit(message: string): AppError {
  return new AppError("session_limit", { message, retryAfterSeconds: 30 });
}
