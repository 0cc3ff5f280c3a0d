import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import { movingIntentOf, type MovingIntent, type Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { yieldLock } from "../session/yield-lock";
import { selectByStrategy, type CoinChoice } from "../vtxo/select-by-strategy";
import {
  judgeCoins,
  selectTransferCoins,
  useExactCoins,
  type SelectionFailure,
  type TransferRules,
  type TransferSelection,
} from "../vtxo/select-transfer-coins";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { minRemainingMs } from "./ark-limits";

/**
 * More live VTXOs than this are not looked at in one selection, and no more that carry the asset: those with the most sats and the
 * most units come first, so funds are found first.
 */
export const CANDIDATES_MAX = 500;

/** How often a selection is made again because somebody else took one of its coins in between. */
const LOCK_TRIES = 3;

/**
 * Chooses the user's inputs and locks them in one compare-and-set; nothing stays locked when it throws.
 * Errors: insufficient_balance, vtxo_locked, vtxo_expired, vtxo_spent, vtxo_not_owned, too_many_inputs, amount_below_minimum.
 */
export async function chooseInputs(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  rules: TransferRules,
  lockUntil: Date,
): Promise<readonly Vtxo[]> {
  const query = { ...session, intent: movingIntentOf(session) };
  for (let attempt = 1; ; attempt++) {
    const candidates = await freeCandidates(deps, tx, query);
    const selection = await select(deps, tx, query, candidates, rules);
    if (!selection.ok) throw refusal(selection, candidates, query, rules);
    const ids = selection.coins.map((coin) => coin.vtxoId);
    if (await deps.vtxos.lockFree(tx, ids, session.sessionId, lockUntil)) return selection.coins;
    if (attempt === LOCK_TRIES) throw new AppError("vtxo_locked", { retryAfterSeconds: 2 });
  }
}

/** Judges funds without locking: for openings and checks before a challenge is due. Throws like `chooseInputs`. */
export async function judgeFunds(
  deps: SessionDeps,
  tx: Tx | undefined,
  session: FundsQuery,
  rules: TransferRules,
): Promise<void> {
  const candidates = await readCandidates(deps, tx, session);
  const usable = { ...candidates, free: [...candidates.free, ...candidates.takeable], takeable: [] };
  const selection = await select(deps, tx, session, usable, rules);
  if (!selection.ok) throw refusal(selection, usable, session, rules);
}

interface FundsQuery {
  readonly userPubkey: string;
  readonly ownerProven: boolean;
  readonly intent: MovingIntent;
}

export interface Candidates {
  readonly all: readonly Vtxo[];
  readonly free: readonly Vtxo[];
  /** Locked, but the lock ran out or belongs to a session its owner did not prove. */
  readonly takeable: readonly Vtxo[];
  readonly locked: readonly Vtxo[];
  /** Too close to their expiry for a new transaction. */
  readonly shortLived: readonly Vtxo[];
}

async function freeCandidates(deps: SessionDeps, tx: Tx, session: FundsQuery): Promise<Candidates> {
  const candidates = await readCandidates(deps, tx, session);
  if (candidates.takeable.length === 0) return candidates;
  for (const lockedBy of new Set(candidates.takeable.map((vtxo) => vtxo.lockedBy))) {
    if (lockedBy !== undefined) await yieldLock(deps, tx, lockedBy, session.ownerProven);
  }
  return readCandidates(deps, tx, session);
}

async function readCandidates(deps: SessionDeps, tx: Tx | undefined, session: FundsQuery): Promise<Candidates> {
  const named = session.intent.sourceVtxos;
  const all =
    named === undefined ? await liveVtxos(deps, tx, session) : await namedVtxos(deps, tx, session.userPubkey, named);
  return sortCandidates(deps, all, session.ownerProven, minRemainingMs(deps, session.intent.type));
}

/** Who may use which of a user's coins, by their locks and the life they have left. */
export async function sortCandidates(
  deps: SessionDeps,
  all: readonly Vtxo[],
  ownerProven: boolean,
  minLifeMs: number,
): Promise<Candidates> {
  const now = deps.clock.now();
  const freshUntil = new Date(now.getTime() + minLifeMs);
  const fresh = all.filter((vtxo) => vtxo.expiresAt === null || vtxo.expiresAt >= freshUntil);
  const shortLived = all.filter((vtxo) => !fresh.includes(vtxo));
  const free = fresh.filter((vtxo) => vtxo.lockedBy === undefined);
  const held = fresh.filter((vtxo) => vtxo.lockedBy !== undefined);
  const unproven = ownerProven ? await locksThatYield(deps, held) : new Set<string>();
  const takeable = held.filter((vtxo) => isExpiredLock(vtxo, now) || unproven.has(vtxo.lockedBy ?? ""));
  return { all, free, takeable, locked: held.filter((vtxo) => !takeable.includes(vtxo)), shortLived };
}

async function liveVtxos(deps: SessionDeps, tx: Tx | undefined, session: FundsQuery): Promise<readonly Vtxo[]> {
  const { userPubkey, intent } = session;
  const largest = await deps.vtxos.listLive(tx, userPubkey, CANDIDATES_MAX);
  if (intent.arkAssetId === undefined) return largest;
  const carrying = await deps.vtxos.listLiveWith(tx, userPubkey, intent.arkAssetId, CANDIDATES_MAX);
  return [...carrying, ...largest.filter(({ id }) => !carrying.some((vtxo) => vtxo.id === id))];
}

/** Inputs a caller named: each must be its own and live. */
async function namedVtxos(
  deps: SessionDeps,
  tx: Tx | undefined,
  userPubkey: string,
  ids: readonly string[],
): Promise<readonly Vtxo[]> {
  const rows = await deps.vtxos.listByIds(tx, ids);
  return ids.map((vtxoId) => {
    const row = rows.find((each) => each.vtxoId === vtxoId);
    if (row === undefined || row.ownerPubkey !== userPubkey)
      throw new AppError("vtxo_not_owned", { details: { vtxo_id: vtxoId } });
    if (row.status === "expired" || isPast(row.expiresAt, deps.clock.now())) {
      throw new AppError("vtxo_expired", { details: { vtxo_id: vtxoId, expires_at: row.expiresAt?.toISOString() } });
    }
    if (row.status !== "assigned") {
      throw new AppError("vtxo_spent", { details: { vtxo_id: vtxoId, spending_txid: row.spendingTxid } });
    }
    return row;
  });
}

/** Locks of sessions that nobody proved to own yield to one that is proven, until their inputs are handed to arkd. */
async function locksThatYield(deps: SessionDeps, held: readonly Vtxo[]): Promise<ReadonlySet<string>> {
  const holders = new Set(
    held.flatMap((vtxo) => (vtxo.lockedUntil === undefined || vtxo.lockedBy === undefined ? [] : [vtxo.lockedBy])),
  );
  const yielding = new Set<string>();
  for (const holder of holders) {
    const other = await deps.sessions.find(holder);
    if (other !== undefined && !other.ownerProven) yielding.add(holder);
  }
  return yielding;
}

async function select(
  deps: SessionDeps,
  tx: Tx | undefined,
  { intent }: FundsQuery,
  candidates: Candidates,
  rules: TransferRules,
): Promise<TransferSelection<Vtxo>> {
  if (intent.sourceVtxos === undefined) {
    const choice = "choice" in intent ? intent.choice : undefined;
    if (choice === undefined) return selectTransferCoins(candidates.free, rules);
    return selectByStrategy(candidates.free, rules, choice, await earlierChange(deps, tx, candidates.free, choice));
  }
  // One that is not free cannot be used, however much the others hold.
  if (candidates.free.length < candidates.all.length) return notAllFree(candidates, rules);
  return useExactCoins(candidates.free, rules);
}

/** Which of the coins an earlier transfer left as change; nobody asks unless it matters. */
async function earlierChange(
  deps: SessionDeps,
  tx: Tx | undefined,
  coins: readonly Vtxo[],
  { preferredChange }: CoinChoice,
): Promise<ReadonlySet<string>> {
  if (preferredChange === undefined) return new Set();
  const txids = new Set(coins.map(({ txid }) => txid));
  return deps.sessionTxs.findChangeOutputs(tx, [...txids]);
}

function notAllFree({ free, all }: Candidates, rules: TransferRules): SelectionFailure {
  const judged = judgeCoins(all, rules);
  if (!judged.ok && judged.reason === "insufficient") return judged;
  const available = sumSats(free);
  return { ok: false, reason: "insufficient", assetId: undefined, required: rules.targetSats, available };
}

/** Why there is no selection, told by what would have been there. */
function refusal(
  failed: SelectionFailure,
  candidates: Candidates,
  { intent }: FundsQuery,
  rules: TransferRules,
): AppError {
  if (failed.reason === "too_many_inputs")
    return new AppError("too_many_inputs", { details: { max_inputs: rules.maxInputs } });
  if (failed.reason === "dust_change") {
    const minimum = rules.changeSatsMin ?? rules.dustSats;
    return new AppError("amount_below_minimum", {
      message: `The change of ${failed.changeSats} sats would be below the dust limit of ${minimum} sats.`,
      details: { minimum: Number(minimum) },
    });
  }
  // What could have been taken over and was not is held like the rest: its holder has moved on meanwhile.
  const held = [...candidates.locked, ...candidates.takeable];
  const isEnough = covers(candidates.all, rules);
  if (held.length > 0 && isEnough) {
    const until = held.map((vtxo) => vtxo.lockedUntil?.toISOString()).find((each) => each !== undefined);
    return new AppError("vtxo_locked", {
      details: until === undefined ? {} : { locked_until: until },
      retryAfterSeconds: 5,
    });
  }
  const short = candidates.shortLived[0];
  if (short !== undefined && isEnough) {
    return new AppError("vtxo_expired", {
      message: "The inputs expire too soon for a new transaction; renew them first.",
      details: { vtxo_id: short.vtxoId, expires_at: short.expiresAt?.toISOString() },
    });
  }
  return new AppError("insufficient_balance", {
    details: {
      asset_id: failed.assetId === undefined ? GBTC : intent.assetId,
      required: Number(failed.required),
      available: Number(failed.available),
    },
  });
}

function covers(coins: readonly Vtxo[], rules: TransferRules): boolean {
  const judged = judgeCoins(coins, rules);
  return judged.ok || judged.reason !== "insufficient";
}

function isExpiredLock(vtxo: Vtxo, now: Date): boolean {
  return vtxo.lockedUntil !== undefined && vtxo.lockedUntil < now;
}

function isPast(at: Date | null, now: Date): boolean {
  return at !== null && at <= now;
}

function sumSats(vtxos: readonly Vtxo[]): bigint {
  return vtxos.reduce((total, vtxo) => total + vtxo.amountSats, 0n);
}
