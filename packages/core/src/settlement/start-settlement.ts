import { GATEWAY_KEY_NAMES } from "../ark/wallet-keys";
import { dustOf } from "../ceremony/ark-limits";
import { lockOwnerOf, payoutKeyOf } from "../payout/payout";
import { planMove } from "../payout/plan-payout";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { ensureScript } from "../vtxo/ensure-script";
import type { Vtxo } from "../vtxo/vtxo";
import { moveRunTx } from "./move-run";
import { moveIdOf, settlementLockOf } from "./settlement";
import {
  SETTLEMENT_MOVED,
  type SettlementDeps,
  type SettlementProgress,
  type SettlementTurn,
  waitFor,
} from "./settlement-deps";

/** VTXOs of one settlement: more wait for the next one. Their proof and forfeits stay far from arkd's message limit. */
const INPUTS_MAX = 120;
/** Of these, registered as they are: the others come merged. */
const DIRECT_MAX = 40;
/** Stock below it is not given to users any more, and co-inputs share their fate. */
const STOCK_PERCENT = 25;
/** Stock is made only from treasury VTXOs above it. */
const TREASURY_PERCENT = 75;
/** A move takes a moment; what expires sooner is recovered after its sweep. */
const MOVE_LIFE_MS_MIN = 10 * 60_000;
const MOVE_PAUSE_MS = 1_000;

/**
 * Chooses what the next batch takes, and plans the ark txs that bring it to the treasury's script: one transaction, so that nothing is
 * locked without its settlement. Nothing to renew: the leaves wait, until they have waited too long; then any free VTXO will do.
 */
export async function startSettlement(deps: SettlementDeps, turn: SettlementTurn): Promise<SettlementProgress> {
  const info = await deps.arkInfo.current();
  const oldestLeaf = await deps.leaves.findOldestPending();
  const isOverdue =
    oldestLeaf !== undefined && deps.clock.now().getTime() - oldestLeaf.getTime() >= deps.settlementConfig.maxDeferMs;
  return deps.transactions.run(async (tx) => {
    await turn.guard(tx);
    const picked = await pick(deps, tx, isOverdue);
    const sats = picked.reduce((sum, { amountSats }) => sum + amountSats, 0n);
    if (sats < 2n * dustOf(info)) {
      const waits = oldestLeaf === undefined ? "" : "; the outputs to claim wait for the next run";
      return { kind: "done", why: `There is nothing to renew${waits}` };
    }
    return plan(deps, tx, info, picked, turn);
  });
}

async function pick(deps: SettlementDeps, tx: Tx, isOverdue: boolean): Promise<readonly Vtxo[]> {
  const now = deps.clock.now();
  const query = { now, stockPercent: STOCK_PERCENT, treasuryPercent: TREASURY_PERCENT, limit: INPUTS_MAX };
  const due = (await deps.vtxos.pickForBatch(tx, query)).filter(
    (vtxo) => isRegisteredDirectly(vtxo) || (vtxo.expiresAt?.getTime() ?? 0) - now.getTime() >= MOVE_LIFE_MS_MIN,
  );
  if (due.length > 0 || !isOverdue) return due;
  // Everybody's life is above 100 % of nothing: the one that expires first goes, whatever it has left.
  return deps.vtxos.pickForBatch(tx, { now, stockPercent: 101, treasuryPercent: 101, limit: 1 });
}

/** The treasury's own, and what arkd has swept: that moves in no ark tx. */
function isRegisteredDirectly({ status, kind }: Vtxo): boolean {
  return status === "expired" || kind === "treasury";
}

async function plan(
  deps: SettlementDeps,
  tx: Tx,
  info: ArkServerInfo,
  picked: readonly Vtxo[],
  { jobId }: SettlementTurn,
): Promise<SettlementProgress> {
  const direct = picked.filter(isRegisteredDirectly).slice(0, DIRECT_MAX);
  const movable = picked.filter((vtxo) => !isRegisteredDirectly(vtxo));
  // By key: a reply of arkd that was lost is recovered with a proof by one of them.
  const parts = GATEWAY_KEY_NAMES.flatMap((kind) =>
    chunksOf(
      movable.filter((vtxo) => vtxo.kind === kind),
      deps.config.maxInputs,
    ),
  );
  const batchId = deps.random.uuid();
  const settlement = await deps.settlements.insert(tx, { batchId, moves: parts.length, driverJob: jobId });
  if (settlement === undefined) return { kind: "done", why: "Another run has just begun a settlement" };
  await deps.vtxos.lockForBatch(
    tx,
    direct.map(({ vtxoId }) => vtxoId),
    settlementLockOf(settlement),
  );
  const { script, ownerPubkey } = await ensureScript(
    deps.vtxos,
    tx,
    deps.wallet.keys.treasury.pubkey,
    info,
    "treasury",
  );
  const runAt = deps.clock.now();
  const wakes: Wake[] = [];
  for (const [index, coins] of parts.entries()) {
    const move = { kind: "move", businessId: moveIdOf(settlement, index + 1), script, ownerPubkey } as const;
    await deps.vtxos.lockForBatch(
      tx,
      coins.map(({ vtxoId }) => vtxoId),
      lockOwnerOf(move),
    );
    await planMove(deps, tx, info, { ...move, coins, wakeAt: runAt }, moveRunTx(move.businessId));
    wakes.push({ task: "payout_drive", rowKey: payoutKeyOf(move), wakeSeq: 1, runAt });
  }
  if (parts.length === 0) return SETTLEMENT_MOVED;
  return waitFor(deps, MOVE_PAUSE_MS, `${picked.length} VTXOs are on their way`, wakes);
}

function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  );
}
