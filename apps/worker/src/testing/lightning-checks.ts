import { PassThrough } from "node:stream";

import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { refIdOf } from "@arkrelay/core/session/end-session";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";

import { reconcileDaemonsTask } from "../handlers/reconcile-daemons";
import { toReconcileDeps } from "../reconcile-deps";
import type { TaskContext } from "../task-handler";
import type { LandWorld } from "./land-world";

export interface RunFacts {
  readonly users: readonly string[];
  /** Sats that each user was given at arkd. */
  readonly fundedSats: bigint;
  /** Sats at arkd at the beginning; transfers change none of it. */
  readonly totalSats: bigint;
}

const ENDED = "'paid','lost','expired','cancelled','refunded'";

/** How a session ends with its lift or land. */
const SESSION_END: Readonly<Record<string, string>> = {
  "lift paid": "completed",
  "lift lost": "completed",
  "lift expired": "expired",
  "lift cancelled": "failed",
  "land paid": "completed",
  "land refunded": "failed",
  "land failed": "failed",
  "land cancelled": "failed",
  "land expired": "expired",
};

/** What must be true at every moment, whatever happened before. */
export async function checkAlways({ database }: TestDatabase, world: LandWorld): Promise<void> {
  const breaches = await database.select(`
    SELECT 'two winners of a payout' AS breach FROM payout_attempts WHERE outcome IN ('accepted','final')
      GROUP BY payout_id HAVING COUNT(*) > 1
    UNION ALL SELECT 'an open attempt beside a winner' FROM payout_attempts a JOIN payout_attempts b ON b.payout_id = a.payout_id
      WHERE a.outcome = 'open' AND b.outcome IN ('accepted','final')
    UNION ALL SELECT 'an attempt that may be sent and does not spend the pivot' FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id
      WHERE a.outcome = 'open' AND NOT JSON_CONTAINS(a.input_vtxo_ids, JSON_QUOTE(p.pivot_vtxo_id))
    UNION ALL SELECT 'an ended row with an open payout' FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id
      JOIN lightning_invoices i ON i.operation_id = p.business_id
      WHERE a.outcome IN ('open','accepted') AND i.status IN (${ENDED})
    UNION ALL SELECT 'a lock of an ended row' FROM vtxos v JOIN lightning_invoices i
      ON v.locked_by IN (CONCAT('payout:', i.operation_id), CONCAT('land:', i.operation_id)) AND v.status <> 'spent'
      WHERE i.status IN (${ENDED}) AND i.invoice_type = 'lift'
    UNION ALL SELECT 'a session that ended without its row' FROM lightning_invoices i JOIN signing_sessions s ON s.session_id = i.session_id
      WHERE (s.status IN ('completed','failed','expired'))
        <> (i.status IN (${ENDED}) OR (i.status = 'failed' AND i.received_vtxo_id IS NULL))
    UNION ALL SELECT 'an outcome before the end' FROM results r JOIN lightning_invoices i ON i.operation_id = r.ref_id
      WHERE i.status NOT IN (${ENDED})
    UNION ALL SELECT 'two claims of one hash' FROM lightning_invoices WHERE claimed_hash IS NOT NULL
      GROUP BY claimed_hash HAVING COUNT(*) > 1
    UNION ALL SELECT 'a payment without its VTXO' FROM lightning_invoices
      WHERE invoice_type = 'land' AND status IN ('received','in_flight','paid','refunding','refunded') AND received_vtxo_id IS NULL
    UNION ALL SELECT 'a refund of what was paid' FROM payouts p JOIN lightning_invoices i ON i.operation_id = p.business_id
      WHERE p.kind = 'refund' AND i.status IN ('received','in_flight','paid')
    UNION ALL SELECT 'postings that do not sum to zero' FROM ledger_postings GROUP BY transaction_id, asset_id HAVING SUM(amount) <> 0`);
  expect(breaches.map((row) => row["breach"])).toEqual([]);
  const lifts = await database.select(
    "SELECT payment_hash, status FROM lightning_invoices WHERE invoice_type = 'lift' AND bolt11_invoice IS NOT NULL",
  );
  for (const row of lifts) {
    // The preimage is given away only for what was delivered.
    if (!world.lightning.isSettled(String(row["payment_hash"]))) continue;
    expect(["delivered", "paid"]).toContain(row["status"]);
  }
  expect([...world.lightning.timesPaid.values()].filter((times) => times > 1)).toEqual([]);
}

/**
 * What must be true once everything has ended: nobody is short and nobody got anything twice, the books say what arkd and lnd say,
 * nothing is locked, each action has one outcome, and the reconciliation finds nothing.
 */
export async function checkBooks(
  test: TestDatabase,
  world: LandWorld,
  ids: { readonly lifts: readonly string[]; readonly lands: readonly string[] },
  facts: RunFacts,
): Promise<void> {
  const lifts = await Promise.all(ids.lifts.map((id) => world.get(id)));
  const lands = await Promise.all(ids.lands.map((id) => world.get(id)));
  for (const operation of [...lifts, ...lands]) await checkOutcome(world, operation);
  expect(world.arkd.totalSats()).toBe(facts.totalSats);
  checkUsers(world, lifts, lands, facts);
  for (const lift of lifts) {
    const isKept = lift.status === "paid";
    expect([lift.operationId, world.lightning.isReturned(lift.paymentHash)]).toEqual([lift.operationId, !isKept]);
  }
  for (const land of lands) {
    const times = world.lightning.timesPaid.get(land.paymentHash) ?? 0;
    if (land.claimedHash !== undefined)
      expect([land.operationId, times]).toEqual([land.operationId, land.status === "paid" ? 1 : 0]);
  }
  await checkLedger(world, lifts, lands);
  await checkRows(test, world);
  await checkReconciliation(test, world);
}

/** A session ended as its row did, with the one result that says so. */
async function checkOutcome(world: LandWorld, operation: LightningOperation): Promise<void> {
  const session = await world.getSession(operation.sessionId);
  const how = `${operation.invoiceType} ${operation.status}`;
  expect([operation.operationId, session.status]).toEqual([operation.operationId, SESSION_END[how]]);
  const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
  expect([operation.operationId, result?.kind]).toEqual([
    operation.operationId,
    session.status === "completed" ? 31340 : 31341,
  ]);
}

const isDelivered = ({ status }: LightningOperation): boolean => status === "paid" || status === "lost";
const isPaid = ({ status }: LightningOperation): boolean => status === "paid";

/** Each user has what it had, and what was lifted, without what was landed and its fee. */
function checkUsers(
  world: LandWorld,
  lifts: readonly LightningOperation[],
  lands: readonly LightningOperation[],
  { users, fundedSats }: RunFacts,
): void {
  for (const user of users) {
    const own = ({ userPubkey }: LightningOperation): boolean => userPubkey === user;
    const lifted = sum(lifts.filter(own).filter(isDelivered), ({ amountSats }) => amountSats);
    const landed = sum(lands.filter(own).filter(isPaid), ({ amountSats, fee }) => amountSats + fee);
    expect([user, world.satsOf(user)]).toEqual([user, fundedSats + lifted - landed]);
  }
}

async function checkLedger(
  world: LandWorld,
  lifts: readonly LightningOperation[],
  lands: readonly LightningOperation[],
): Promise<void> {
  const delivered = sum(lifts.filter(isDelivered), ({ amountSats }) => amountSats * 1000n);
  const lost = sum(
    lifts.filter(({ status }) => status === "lost"),
    ({ amountSats }) => amountSats * 1000n,
  );
  const kept = sum(lands.filter(isPaid), ({ amountSats, fee }) => (amountSats + fee) * 1000n);
  const fees = sum(lands.filter(isPaid), ({ fee }) => fee * 1000n);
  const routing = sum(lands.filter(isPaid), ({ routingFeeMsat = 0n }) => routingFeeMsat);
  expect({
    ark: await world.balance("asset:ark"),
    ln: await world.balance("asset:ln"),
    receivable: await world.balance("receivable:lift"),
    liability: await world.balance("liability:land"),
    fees: await world.balance("income:land_fee"),
    routing: await world.balance("expense:routing"),
    loss: await world.balance("expense:loss"),
  }).toEqual({
    ark: kept - delivered,
    ln: world.lightning.receivedMsat() - (kept - fees) - routing,
    receivable: 0n,
    liability: 0n,
    fees: -fees,
    routing,
    loss: lost,
  });
}

/** Nothing is locked, what was reserved is given back or used, and every transaction row says what arkd says. */
async function checkRows({ database }: TestDatabase, world: LandWorld): Promise<void> {
  const [locks] = await database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locks?.["n"]).toBe(0);
  const [budget] = await database.select("SELECT COALESCE(SUM(used), 0) AS used FROM daily_budgets");
  const [reserved] = await database.select("SELECT COALESCE(SUM(subsidy_sats), 0) AS kept FROM lightning_invoices");
  expect(String(budget?.["used"])).toBe(String(reserved?.["kept"]));
  const rows = await database.select("SELECT txid, status FROM transactions");
  for (const row of rows) {
    const isFinal = world.arkd.vtxos.has(`${String(row["txid"])}:0`);
    expect([row["txid"], row["status"]]).toEqual([row["txid"], isFinal ? "confirmed" : "failed"]);
  }
}

/** The job as it runs every fifteen minutes, twice: a difference counts from the second time on. */
async function checkReconciliation({ database }: TestDatabase, world: LandWorld): Promise<void> {
  for (const kind of ["stock", "fee", "used", "land", "treasury"] as const) {
    await syncVtxos(world.deps, { ownerPubkey: world.deps.wallet.keys[kind].pubkey });
  }
  const deps = toReconcileDeps({ database, ceremony: world.deps, lightning: world.deps, lnd: world.lightning });
  const context = {
    payload: { v: 1 },
    signal: new AbortController().signal,
    log: createLogger({ service: "test", stream: new PassThrough().resume() }),
  } as unknown as TaskContext<{ v: 1 }>;
  for (let round = 0; round < 2; round++) {
    const { result } = await reconcileDaemonsTask(deps)(context);
    const { compared } = result as { readonly compared: Record<string, readonly { readonly delta: string }[]> };
    expect(
      Object.values(compared)
        .flat()
        .filter(({ delta }) => delta !== "0"),
    ).toEqual([]);
  }
}

function sum(rows: readonly LightningOperation[], of: (row: LightningOperation) => bigint): bigint {
  return rows.reduce((total, row) => total + of(row), 0n);
}
