import { nameOf, readAssetNames } from "../asset/asset-names";
import { AppError } from "../errors";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { SwapIntent } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { yieldLock } from "../session/yield-lock";
import { asBatchError } from "../swap/batch-error";
import { findSwapShortage, selectSwapCoins, type SwapRules, type SwapShortage } from "../vtxo/select-swap-coins";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { dustOf, maxAssetsPerOutputOf, minRemainingMs } from "./ark-limits";
import { CANDIDATES_MAX, sortCandidates, type Candidates } from "./choose-inputs";
import { satsOfLegs, unitsOfLegs } from "./swap-plan";

/** A member as its funds are judged. */
export interface SwapFunds {
  readonly userPubkey: string;
  readonly intent: SwapIntent;
}

interface JudgedFunds extends SwapFunds {
  /** Of each input. */
  readonly lifeMs: number;
}

/** How often a selection is made again because somebody else took one of its coins in between. */
const LOCK_TRIES = 3;

/**
 * Chooses the inputs of all members and locks them for the head, together or not at all: whatever it throws, the caller's transaction
 * is rolled back. Errors name the member by its action_id: insufficient_balance, and batch_invalid for the others (vtxo_locked,
 * vtxo_expired, too_many_inputs).
 */
export async function chooseSwapInputs(
  deps: SessionDeps,
  tx: Tx,
  members: readonly SwapFunds[],
  info: ArkServerInfo,
  lock: { readonly lockedBy: string; readonly until: Date },
): Promise<readonly (readonly Vtxo[])[]> {
  const chosen: (readonly Vtxo[])[] = [];
  const lifeMs = sharedLifeMs(deps, members);
  for (const member of members) {
    const rules = rulesOf(member.intent, info, deps.config.maxInputs - chosen.flat().length);
    try {
      chosen.push(await lockCoins(deps, tx, { ...member, lifeMs }, rules, lock));
    } catch (thrown) {
      throw thrown instanceof AppError ? asBatchError(thrown, member.intent.actionId) : thrown;
    }
  }
  return chosen;
}

/** Judges the funds of all members without locking. Throws like `chooseSwapInputs`. */
export async function judgeSwapFunds(
  deps: SessionDeps,
  tx: Tx,
  members: readonly SwapFunds[],
  info: ArkServerInfo,
): Promise<void> {
  let left = deps.config.maxInputs;
  const lifeMs = sharedLifeMs(deps, members);
  for (const member of members) {
    const rules = rulesOf(member.intent, info, left);
    const candidates = await readCandidates(deps, tx, { ...member, lifeMs });
    const selected = selectSwapCoins([...candidates.free, ...candidates.takeable], rules);
    if (!selected.ok) throw asBatchError(await refusal(deps, candidates, rules), member.intent.actionId);
    left -= selected.coins.length;
  }
}

async function lockCoins(
  deps: SessionDeps,
  tx: Tx,
  member: JudgedFunds,
  rules: SwapRules,
  { lockedBy, until }: { readonly lockedBy: string; readonly until: Date },
): Promise<readonly Vtxo[]> {
  for (let attempt = 1; ; attempt++) {
    const candidates = await freeCandidates(deps, tx, member);
    const selected = selectSwapCoins(candidates.free, rules);
    if (!selected.ok) throw await refusal(deps, candidates, rules);
    const ids = selected.coins.map(({ vtxoId }) => vtxoId);
    if (await deps.vtxos.lockFree(tx, ids, lockedBy, until)) return selected.coins;
    if (attempt === LOCK_TRIES) throw new AppError("vtxo_locked", { retryAfterSeconds: 2 });
  }
}

async function freeCandidates(deps: SessionDeps, tx: Tx, member: JudgedFunds): Promise<Candidates> {
  const candidates = await readCandidates(deps, tx, member);
  if (candidates.takeable.length === 0) return candidates;
  for (const lockedBy of new Set(candidates.takeable.map((vtxo) => vtxo.lockedBy))) {
    if (lockedBy !== undefined) await yieldLock(deps, tx, lockedBy, true);
  }
  return readCandidates(deps, tx, member);
}

async function readCandidates(
  deps: SessionDeps,
  tx: Tx,
  { userPubkey, intent, lifeMs }: JudgedFunds,
): Promise<Candidates> {
  const all = new Map<bigint, Vtxo>();
  for (const { assetId } of unitsOfLegs(intent.give)) {
    for (const vtxo of await deps.vtxos.listLiveWith(tx, userPubkey, assetId, CANDIDATES_MAX)) all.set(vtxo.id, vtxo);
  }
  for (const vtxo of await deps.vtxos.listLive(tx, userPubkey, CANDIDATES_MAX)) all.set(vtxo.id, vtxo);
  // A batch holds signed intents only, so every member is proven.
  return sortCandidates(deps, [...all.values()], true, lifeMs);
}

/**
 * The life that the inputs of all members need: every output of the one transaction expires with the earliest of them, so no member
 * lowers it for another, and none below what any transfer needs.
 */
function sharedLifeMs(deps: SessionDeps, members: readonly SwapFunds[]): number {
  const wanted = members.map(({ intent }) => {
    const usualMs = minRemainingMs(deps, intent.type);
    return intent.minLifeMs === undefined ? usualMs : Math.min(usualMs, intent.minLifeMs);
  });
  return Math.max(deps.config.vtxoMinRemainingMs, ...wanted);
}

function rulesOf(intent: SwapIntent, info: ArkServerInfo, maxInputs: number): SwapRules {
  return {
    give: unitsOfLegs(intent.give),
    giveSats: satsOfLegs(intent.give),
    receiveSats: satsOfLegs(intent.receive),
    receivedAssets: unitsOfLegs(intent.receive).length,
    feeSats: intent.feeAmount,
    dustSats: dustOf(info),
    maxAssetsPerOutput: maxAssetsPerOutputOf(info),
    maxInputs,
  };
}

/** Why there is no selection, told by what would have been there. */
async function refusal(deps: SessionDeps, candidates: Candidates, rules: SwapRules): Promise<AppError> {
  const shortage = findSwapShortage([...candidates.free, ...candidates.takeable], rules);
  if (shortage === undefined)
    return new AppError("too_many_inputs", { details: { max_inputs: deps.config.maxInputs } });
  if (findSwapShortage(candidates.all, rules) !== undefined) return short(deps, shortage);
  const [held] = candidates.locked;
  if (held !== undefined) return new AppError("vtxo_locked", { details: { vtxo_id: held.vtxoId } });
  const [old] = candidates.shortLived;
  if (old === undefined) return short(deps, shortage);
  return new AppError("vtxo_expired", {
    message: "The inputs expire too soon for a swap; renew them first.",
    details: { vtxo_id: old.vtxoId, expires_at: old.expiresAt?.toISOString() },
  });
}

async function short(deps: SessionDeps, { assetId, required, available }: SwapShortage): Promise<AppError> {
  const names = await readAssetNames(deps.assets, undefined, assetId === undefined ? [] : [assetId]);
  return new AppError("insufficient_balance", {
    details: {
      asset_id: assetId === undefined ? GBTC : nameOf(names, assetId),
      required: Number(required),
      available: Number(available),
    },
  });
}
