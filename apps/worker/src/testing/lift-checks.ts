import { refIdOf } from "@arkrelay/core/session/end-session";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LiftWorld } from "./lift-world";

const SESSION_END = { paid: "completed", lost: "completed", expired: "expired", cancelled: "failed" } as const;

/**
 * What must be true once every lift has ended: nobody is short and nobody got anything twice, the books say what arkd and lnd say,
 * nothing is locked, and each action has one outcome.
 */
export async function checkLiftBooks(
  { database }: TestDatabase,
  world: LiftWorld,
  operationIds: readonly string[],
): Promise<void> {
  let deliveredSats = 0n;
  let receivedMsat = 0n;
  for (const operationId of operationIds) {
    const operation = await world.get(operationId);
    const { status, amountSats, paymentHash } = operation;
    const session = await world.getSession(operation.sessionId);
    expect([operationId, session.status]).toEqual([operationId, SESSION_END[status as keyof typeof SESSION_END]]);
    const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
    expect(result?.kind).toBe(session.status === "completed" ? 31340 : 31341);
    if (status === "paid") receivedMsat += operation.paidMsat ?? 0n;
    else expect([operationId, world.lightning.isReturned(paymentHash)]).toEqual([operationId, true]);
    if (status === "paid" || status === "lost") deliveredSats += amountSats;
  }
  const users = new Set(await Promise.all(operationIds.map(async (id) => (await world.get(id)).userPubkey)));
  const userSats = [...users].reduce((sum, pubkey) => sum + world.satsOf(pubkey), 0n);
  expect(userSats).toBe(deliveredSats);
  expect(world.lightning.receivedMsat()).toBe(receivedMsat);

  const [sums] = await database.select("SELECT COALESCE(SUM(amount), 0) AS total FROM ledger_postings");
  expect(String(sums?.["total"])).toBe("0");
  expect(await world.balance("asset:ark")).toBe(-deliveredSats * 1000n);
  expect(await world.balance("asset:ln")).toBe(receivedMsat);
  expect(await world.balance("receivable:lift")).toBe(0n);

  const [locks] = await database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locks?.["n"]).toBe(0);
  const stock = world.deps.wallet.keys.stock.pubkey;
  const mirrored = await world.deps.vtxos.listLive(undefined, stock, 1_000);
  await syncVtxos(world.deps, { ownerPubkey: stock });
  const atArkd = await world.deps.vtxos.listLive(undefined, stock, 1_000);
  expect(mirrored.map((vtxo) => vtxo.vtxoId).toSorted()).toEqual(atArkd.map((vtxo) => vtxo.vtxoId).toSorted());
  const rows = await database.select("SELECT txid, status FROM transactions");
  for (const row of rows) {
    const isFinal = world.arkd.vtxos.has(`${String(row["txid"])}:0`);
    expect([row["txid"], row["status"]]).toEqual([row["txid"], isFinal ? "confirmed" : "failed"]);
  }
}

/** What must be true at every moment, whatever happened before. */
export async function checkLiftAlways({ database }: TestDatabase, world: LiftWorld): Promise<void> {
  const breaches = await database.select(`
    SELECT 'two winners of a payout' AS breach FROM payout_attempts WHERE outcome IN ('accepted','final')
      GROUP BY payout_id HAVING COUNT(*) > 1
    UNION ALL SELECT 'an open attempt beside a winner' FROM payout_attempts a JOIN payout_attempts b ON b.payout_id = a.payout_id
      WHERE a.outcome = 'open' AND b.outcome IN ('accepted','final')
    UNION ALL SELECT 'an attempt that may be sent and does not spend the pivot' FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id
      WHERE a.outcome = 'open' AND NOT JSON_CONTAINS(a.input_vtxo_ids, JSON_QUOTE(p.pivot_vtxo_id))
    UNION ALL SELECT 'an ended lift with an open attempt' FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id
      JOIN lightning_invoices i ON i.operation_id = p.business_id
      WHERE a.outcome IN ('open','accepted') AND i.status IN ('paid','lost','expired','cancelled')
    UNION ALL SELECT 'a lock of an ended lift' FROM vtxos v JOIN lightning_invoices i ON v.locked_by = CONCAT('payout:', i.operation_id)
      WHERE i.status IN ('paid','lost','expired','cancelled')
    UNION ALL SELECT 'a session that ended without its lift' FROM lightning_invoices i JOIN signing_sessions s ON s.session_id = i.session_id
      WHERE (s.status IN ('completed','failed','expired')) <> (i.status IN ('paid','lost','expired','cancelled'))
    UNION ALL SELECT 'an outcome before the end' FROM results r JOIN lightning_invoices i ON i.operation_id = r.ref_id
      WHERE i.status NOT IN ('paid','lost','expired','cancelled')`);
  expect(breaches.map((row) => row["breach"])).toEqual([]);
  const lifts = await database.select("SELECT payment_hash, status FROM lightning_invoices");
  for (const row of lifts) {
    const invoice = await world.lightning.lookupInvoice(String(row["payment_hash"]));
    // The preimage is given away only for what was delivered.
    if (invoice?.state === "settled") expect(["delivered", "paid"]).toContain(row["status"]);
  }
}
