import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { refIdOf } from "@arkrelay/core/session/publish-failure";
import { testKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { CeremonyWorld } from "./ceremony-world";
import { checkTransactionRows } from "./row-checks";

/** What must be true at every moment, whatever happened before. */
export async function checkAlways({ database }: TestDatabase): Promise<void> {
  const breaches = await database.select(`
    SELECT 'two unfinalised transfers of a key' AS breach FROM signing_sessions
      WHERE ceremony_state IN ('submitting','accepted','checkpoint_sigs_collected','finalizing') GROUP BY user_pubkey HAVING COUNT(*) > 1
    UNION ALL SELECT 'a lock of an ended session' FROM vtxos v JOIN signing_sessions s ON s.session_id = v.locked_by
      WHERE s.status IN ('completed','failed','expired')
    UNION ALL SELECT 'an endless lock before the hand-over' FROM vtxos v JOIN signing_sessions s ON s.session_id = v.locked_by
      WHERE v.locked_until IS NULL AND s.ceremony_state IN ('intent_received','ark_tx_prepared','ark_sigs_collected')
    UNION ALL SELECT 'a hand-over without its locks' FROM signing_sessions s JOIN session_inputs i ON i.session_id = s.id
      JOIN vtxos v ON v.vtxo_id = i.vtxo_id
      WHERE s.ceremony_state IN ('submitting','accepted','checkpoint_sigs_collected','finalizing')
        AND (v.locked_by IS NULL OR v.locked_by <> s.session_id OR v.locked_until IS NOT NULL)
    UNION ALL SELECT 'an input of two hand-overs' FROM session_inputs i JOIN signing_sessions s ON s.id = i.session_id
      WHERE s.ceremony_state IN ('submitting','accepted','checkpoint_sigs_collected','finalizing','finalized','published')
      GROUP BY i.vtxo_id HAVING COUNT(*) > 1
    UNION ALL SELECT 'an open challenge of an ended session' FROM signing_challenges c JOIN signing_sessions s ON s.id = c.session_id
      WHERE c.status = 'issued' AND s.status IN ('completed','failed','expired')
    UNION ALL SELECT 'an outcome before the end' FROM results r JOIN signing_sessions s ON s.user_pubkey = r.author_pubkey
      AND s.owner_proven AND JSON_VALUE(s.intent_data, '$.actionId') = r.ref_id
      WHERE s.status NOT IN ('completed','failed','expired')
    UNION ALL SELECT 'a live session that nothing will wake' FROM signing_sessions
      WHERE status NOT IN ('completed','failed','expired') AND next_at IS NULL AND attempt_token IS NULL AND head_id IS NULL
    UNION ALL SELECT 'members of a swap in different states' FROM signing_sessions f JOIN signing_sessions h ON h.id = f.head_id
      WHERE f.ceremony_state <> h.ceremony_state`);
  expect(breaches.map((row) => row["breach"])).toEqual([]);
}

/** One result per session, of the kind its state says and at most one published event of it; arkd and the rows agree. */
export async function checkOutcomes(test: TestDatabase, world: CeremonyWorld, ids: readonly string[]): Promise<void> {
  const { database } = test;
  for (const id of ids) {
    const session = await world.getSession(id);
    const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
    expect(result?.kind).toBe(session.status === "completed" ? 31340 : 31341);
    const [row] = await database.select(
      "SELECT COUNT(*) AS n FROM nostr_outbox WHERE event_id = ? AND status <> 'superseded'",
      [result?.eventId ?? ""],
    );
    expect(row?.["n"]).toBe(1);
  }
  await checkTransactionRows(test, world);
}

/** The ledger sums to zero and holds ten sats per completed transfer; nothing is locked; the mirror equals arkd's set. */
export async function checkBooks(
  { database }: TestDatabase,
  world: CeremonyWorld,
  owners: readonly string[],
): Promise<void> {
  const [locks] = await database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locks?.["n"]).toBe(0);
  const [sums] = await database.select(
    `SELECT COALESCE(SUM(amount), 0) AS total, COALESCE(SUM(IF(amount > 0, amount, 0)), 0) AS fees,
       (SELECT COUNT(*) FROM signing_sessions WHERE status = 'completed') AS completed FROM ledger_postings`,
  );
  expect(Number(sums?.["total"])).toBe(0);
  expect(Number(sums?.["fees"])).toBe(Number(sums?.["completed"]) * 10_000);
  for (const owner of [...owners, testKey("outsider").pubkey]) {
    await syncVtxos(world.deps, { ownerPubkey: owner });
    const live = await world.deps.vtxos.listLive(undefined, owner, 1_000);
    const atArkd = [...world.arkd.vtxos.values()].filter((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, owner));
    expect(live.map(heldBy).toSorted()).toEqual(atArkd.map(heldBy).toSorted());
  }
}

function heldBy({ vtxoId, assets }: Pick<ArkVtxo, "vtxoId" | "assets">): string {
  return [vtxoId, ...assets.map(({ assetId, amount }) => `${amount} of ${assetId}`).toSorted()].join(" ");
}
