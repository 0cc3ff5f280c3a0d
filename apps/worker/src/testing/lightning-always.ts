import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";

const ENDED = "'paid','lost','expired','cancelled','refunded'";

/** What must be true at every moment, whatever happened before. */
export async function checkAlways({ database }: TestDatabase, world: LandWorld): Promise<void> {
  const [breaches, lifts] = await Promise.all([
    database.select(`
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
    UNION ALL SELECT 'postings that do not sum to zero' FROM ledger_postings GROUP BY transaction_id, asset_id HAVING SUM(amount) <> 0`),
    database.select(
      "SELECT payment_hash, status FROM lightning_invoices WHERE invoice_type = 'lift' AND bolt11_invoice IS NOT NULL",
    ),
  ]);
  expect(breaches.map((row) => row["breach"])).toEqual([]);
  for (const row of lifts) {
    // The preimage is given away only for what was delivered.
    if (!world.lightning.isSettled(String(row["payment_hash"]))) continue;
    expect(["delivered", "paid"]).toContain(row["status"]);
  }
  expect([...world.lightning.timesPaid.values()].filter((times) => times > 1)).toEqual([]);
}
