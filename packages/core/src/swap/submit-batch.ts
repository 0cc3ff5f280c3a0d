import { judgeSwapFunds, type SwapFunds } from "../ceremony/choose-swap-inputs";
import { prepareSwap } from "../ceremony/prepare-swap";
import { AppError, toAppError } from "../errors";
import type { BatchRequest } from "../nostr/batch-content";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { readMembers, type Members } from "../session/members";
import { wakeOf } from "../session/move-session";
import { isMirrorFresh, requireQuota } from "../session/open-session";
import type { Delivery, Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { ensureUserScript } from "../vtxo/ensure-script";
import { announceSession } from "../webhook/session-events";
import { asBatchError, batchInvalid } from "./batch-error";
import { namesSubmitter } from "./names-submitter";
import { netLegs } from "./net-legs";
import { readSwapMember, toSwapIntent, type SwapMember } from "./read-member";

export interface SubmitBatchInput {
  /** Who proved to be it by the request: its author. */
  readonly submitterPubkey: string;
  readonly createdBy: string;
  readonly request: BatchRequest;
  readonly delivery: Delivery;
  /** The 31500, when it came as one. */
  readonly requestEventId: string | undefined;
  /** Of the session of a member's intent. */
  readonly sessionIdOf: (intentEventId: string) => string;
}

export interface SubmittedBatch {
  /** In the order of the intents. */
  readonly members: Members;
  /** Planned already; else the worker plans it: a member's VTXOs have to be read first, or an earlier transfer has to end. */
  readonly txid: string | undefined;
  readonly expiresAt: Date;
  /** The same batch was submitted before; nothing was written. */
  readonly replayed: boolean;
  readonly wakes: readonly Wake[];
}

/** Batches of a submitter that failed because a signer stayed silent. */
const UNANSWERED_MAX = 3;
const UNANSWERED_WINDOW_MS = 3_600_000;
const BATCH_TYPE = "submit_batch";

/**
 * Takes a batch of signed intents: all of it or nothing. One session per member, the first of them at the head; inputs, transaction and
 * challenges in the same transaction when local state suffices, else by the worker. Errors: batch_invalid (3001, with the member's
 * action_id and why), insufficient_balance, session_limit, rate_limited (three unanswered batches in an hour), duplicate_action,
 * inventory_exhausted, not_ready.
 */
export async function submitBatch(deps: SessionDeps, tx: Tx, input: SubmitBatchInput): Promise<SubmittedBatch> {
  const { request, submitterPubkey } = input;
  const reserved = await reserveId(deps, tx, input);
  if (!reserved) return replay(deps, tx, input);
  await requireAnswered(deps, submitterPubkey);
  const members = readAll(deps, request, submitterPubkey);
  const received = netLegs(
    members.map(({ content, params }) => ({ actionId: content.action_id, params })),
    request.allocations,
  );
  const info = await deps.arkInfo.current();
  const opened = await openAll(deps, tx, input, members, received, info);
  const now = deps.clock.now();
  if (!(await canPrepare(deps, opened))) {
    return { ...submitted(opened), wakes: [wakeOf(opened[0], now)] };
  }
  const funds: readonly SwapFunds[] = opened.flatMap(({ userPubkey, intent }) =>
    intent.type === "atomic_swap" ? [{ userPubkey, intent }] : [],
  );
  await judgeSwapFunds(deps, tx, funds, info);
  const prepared = await prepareSwap(deps, tx, opened[0]);
  const batch = await deps.swapBatches.findByHead(tx, opened[0].id);
  return { ...submitted(prepared), txid: batch?.arkTxid };
}

function submitted(members: Members): SubmittedBatch {
  return { members, txid: undefined, expiresAt: members[0].expiresAt, replayed: false, wakes: [] };
}

/** An author's ids are one namespace: a batch_id is used up like an action_id. false = this very batch was here before. */
async function reserveId(deps: SessionDeps, tx: Tx, input: SubmitBatchInput): Promise<boolean> {
  const { request, submitterPubkey, requestEventId } = input;
  const now = deps.clock.now();
  if (request.expiresAt <= now) throw batchInvalid("expired", { expires_at: request.expiresAt.toISOString() });
  const { outcome } = await deps.intents.insert(tx, {
    pubkey: submitterPubkey,
    namespace: "",
    actionId: request.batchId,
    eventId: requestEventId,
    type: BATCH_TYPE,
    params: {},
    contentHash: request.contentHash,
    network: deps.config.network,
    expiresAt: request.expiresAt,
    feeAssetId: undefined,
    feeAmount: undefined,
    rawEvent: undefined,
    legacy: false,
    status: "accepted",
  });
  if (outcome === "duplicate") throw new AppError("duplicate_action", { details: { batch_id: request.batchId } });
  return outcome === "inserted";
}

/** The same content again: what became of it is told once more. */
async function replay(
  deps: SessionDeps,
  tx: Tx,
  { submitterPubkey, request }: SubmitBatchInput,
): Promise<SubmittedBatch> {
  const batch = await deps.swapBatches.find(submitterPubkey, request.batchId);
  const head = batch && (await deps.sessions.findRow(batch.headId));
  if (head === undefined) throw new AppError("duplicate_action", { details: { batch_id: request.batchId } });
  const result = await deps.results.find(submitterPubkey, request.batchId);
  if (result?.eventId !== undefined) await deps.outbox.resend(tx, result.eventId);
  return { ...submitted(await readMembers(deps, head)), txid: batch?.arkTxid, replayed: true };
}

/** Whoever keeps opening batches that nobody answers locks other people's coins for nothing. */
async function requireAnswered(deps: SessionDeps, submitterPubkey: string): Promise<void> {
  const since = new Date(deps.clock.now().getTime() - UNANSWERED_WINDOW_MS);
  if ((await deps.swapBatches.countUnanswered(submitterPubkey, since)) < UNANSWERED_MAX) return;
  throw new AppError("rate_limited", {
    message: "Three of your batches stayed unanswered within an hour.",
    retryAfterSeconds: UNANSWERED_WINDOW_MS / 1000,
  });
}

/** Every member by itself, then what they have to do with each other and with the submitter. */
function readAll(deps: SessionDeps, request: BatchRequest, submitterPubkey: string): readonly SwapMember[] {
  if (request.intents.length > deps.config.batchMembersMax) {
    throw batchInvalid("too_many_members", { max_members: deps.config.batchMembersMax });
  }
  const members = request.intents.map((event) => readSwapMember(deps, event));
  const authors = new Set(members.map(({ event }) => event.pubkey));
  if (authors.size !== members.length) throw batchInvalid("author_twice");
  const actionIds = new Set(members.map(({ content }) => content.action_id));
  if (actionIds.size !== members.length) throw batchInvalid("action_id_twice");
  for (const { event, content, params, expiresAt } of members) {
    const details = { action_id: content.action_id };
    if (request.expiresAt > expiresAt) throw batchInvalid("outlives_member", details);
    const stranger = params.counterparties.find((pubkey) => !authors.has(pubkey));
    if (stranger !== undefined) throw batchInvalid("counterparty_missing", { ...details, counterparty: stranger });
    if (!namesSubmitter(submitterPubkey, { authorPubkey: event.pubkey, content, params })) {
      throw batchInvalid("submitter_not_named", details);
    }
  }
  return members;
}

async function openAll(
  deps: SessionDeps,
  tx: Tx,
  input: SubmitBatchInput,
  members: readonly SwapMember[],
  received: ReturnType<typeof netLegs>,
  info: ArkServerInfo,
): Promise<Members> {
  const opened: Session[] = [];
  await requireRoom(deps, tx, input, members, info);
  for (const [index, member] of members.entries()) {
    opened.push(await openMember(deps, tx, input, member, received[index] ?? [], opened[0]));
  }
  const [head, ...followers] = opened;
  if (head === undefined) throw batchInvalid("no_members");
  const { request, submitterPubkey, delivery, requestEventId } = input;
  await deps.swapBatches.insert(tx, {
    authorPubkey: submitterPubkey,
    batchId: request.batchId,
    contentHash: request.contentHash,
    headId: head.id,
    delivery,
    requestEventId,
    expiresAt: request.expiresAt,
    allocations: request.allocations.map(({ actionId, receive }) => ({
      action_id: actionId,
      receive: receive.map(({ assetId, amount }) => ({ asset_id: assetId, amount: Number(amount) })),
    })),
  });
  return [head, ...followers];
}

/** In the order of the keys, whose rows stand for the quotas: two batches of the same people must not wait for each other. */
async function requireRoom(
  deps: SessionDeps,
  tx: Tx,
  { createdBy }: SubmitBatchInput,
  members: readonly SwapMember[],
  info: ArkServerInfo,
): Promise<void> {
  const byKey = members.toSorted((a, b) => (a.event.pubkey < b.event.pubkey ? -1 : 1));
  for (const { event, content } of byKey) {
    try {
      await ensureUserScript(deps.vtxos, tx, event.pubkey, info, "intents");
      await requireQuota(deps, tx, { type: "atomic_swap", ownerProven: true, userPubkey: event.pubkey, createdBy });
    } catch (thrown) {
      throw asBatchError(toAppError(thrown), content.action_id);
    }
  }
}

async function openMember(
  deps: SessionDeps,
  tx: Tx,
  input: SubmitBatchInput,
  member: SwapMember,
  received: Parameters<typeof toSwapIntent>[2],
  head: Session | undefined,
): Promise<Session> {
  const { createdBy, delivery, request } = input;
  const intentId = await takeIntent(deps, tx, member);
  const intent = await toSwapIntent(deps, member, received);
  const now = deps.clock.now();
  const latest = now.getTime() + deps.config.sessionTimeoutMs;
  const session = await deps.sessions.insert(
    tx,
    {
      sessionId: input.sessionIdOf(member.event.id),
      userPubkey: member.event.pubkey,
      sessionType: intent.type,
      intentId,
      intent,
      intentEventId: member.event.id,
      context: {},
      createdBy,
      ownerProven: true,
      delivery,
      // A batch runs by itself: its members are all asked at once.
      autoStart: true,
      prepareSince: head === undefined ? now : undefined,
      expiresAt: new Date(Math.min(latest, request.expiresAt.getTime())),
      batchId: request.batchId,
      ...(head !== undefined && { headId: head.id }),
    },
    [{ event: "opened", data: { action_id: intent.actionId, batch_id: request.batchId, delivery } }],
  );
  await announceSession(deps, tx, "session.created", session);
  return session;
}

/** The row of a member's intent: a new one, or the stored one, which no other batch may have. */
async function takeIntent(deps: SessionDeps, tx: Tx, member: SwapMember): Promise<bigint> {
  const { event, content, contentHash, legacy, params, expiresAt } = member;
  const { outcome, intentId } = await deps.intents.insert(tx, {
    pubkey: event.pubkey,
    namespace: "",
    actionId: content.action_id,
    eventId: event.id,
    type: content.type,
    params: { ...content },
    contentHash,
    network: content.network ?? deps.config.network,
    expiresAt,
    feeAssetId: params.feeAssetId,
    feeAmount: params.feeAmount,
    rawEvent: JSON.stringify(event),
    legacy,
    status: "accepted",
  });
  if (outcome === "inserted") return intentId;
  if (outcome === "replay" && (await deps.intents.acceptStored(tx, intentId))) return intentId;
  throw asBatchError(new AppError("duplicate_action"), content.action_id);
}

/** Whether everything that is asked stands in the database: else a daemon has to be asked, or somebody waited for. */
async function canPrepare(deps: SessionDeps, members: Members): Promise<boolean> {
  for (const { userPubkey, sessionId } of members) {
    if (!(await isMirrorFresh(deps, userPubkey))) return false;
    const { ofUser } = await deps.sessions.countUnfinalised(undefined, userPubkey, sessionId);
    if (ofUser > 0) return false;
  }
  return true;
}
