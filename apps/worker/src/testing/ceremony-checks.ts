import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { refIdOf } from "@arkrelay/core/session/publish-failure";
import type { Session } from "@arkrelay/core/session/session";
import { testKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { AssetWorld } from "./asset-world";
import type { RunFacts } from "./ceremony-random-world";
import type { CeremonyWorld } from "./ceremony-world";
import { gatewayKeysOf, holdingsOf, minus, of, sumOf } from "./holdings";
import { checkLedgerSums, checkTransactionRows } from "./row-checks";

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

/** A history at its end. */
export interface Ended extends RunFacts {
  readonly sessions: readonly Session[];
  readonly users: readonly string[];
}

const FEE_SATS = 10n;

/** Sessions whose intent was settled for the fee. */
function paidSessions({ sessions }: Ended): readonly Session[] {
  return sessions.filter(
    ({ status, intent }) => status === "completed" && intent.type !== "protocol_op" && intent.type !== "vtxo_renew",
  );
}

/** Nothing was made or lost at arkd but what its owners spent elsewhere, and the gateway has its fees more, and nothing else. */
export function checkHoldings(world: CeremonyWorld, ended: Ended): void {
  const lost = sumOf(ended.lost);
  expect(world.arkd.totalSats()).toBe(ended.sats - of(lost, GBTC));
  for (const [id, units] of ended.units) expect([id, world.arkd.totalUnits(id)]).toEqual([id, units - of(lost, id)]);
  const gained = minus(holdingsOf(world.arkd, gatewayKeysOf(world)), ended.gatewayBefore);
  const fees = FEE_SATS * BigInt(paidSessions(ended).length);
  expect(gained).toEqual(new Map(fees === 0n ? [] : [[GBTC, fees]]));
}

/** One result per session that has one of its own, of the kind its state says and at most one published event of it; arkd and the rows agree. */
export async function checkOutcomes(test: TestDatabase, world: CeremonyWorld, { sessions }: Ended): Promise<void> {
  const { database } = test;
  for (const session of sessions) {
    // Of a swap the batch has the outcome.
    if (session.intent.type === "atomic_swap") continue;
    const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
    const isSigned = session.intent.type === "protocol_op" && session.status === "completed";
    expect(result?.kind).toBe(isSigned ? undefined : session.status === "completed" ? 31340 : 31341);
    if (isSigned) continue;
    const [row] = await database.select(
      "SELECT COUNT(*) AS n FROM nostr_outbox WHERE event_id = ? AND status <> 'superseded'",
      [result?.eventId ?? ""],
    );
    expect(row?.["n"]).toBe(1);
  }
  const twice = await database.select(
    "SELECT author_pubkey, ref_id FROM results GROUP BY author_pubkey, ref_id HAVING COUNT(*) > 1",
  );
  expect(twice).toEqual([]);
  await checkTransactionRows(test, world);
}

/** The ledger sums to zero and holds ten sats per paid intent; nothing is locked, reserved or owed; the mirror equals arkd's set. */
export async function checkBooks(test: TestDatabase, world: AssetWorld, ended: Ended): Promise<void> {
  const { database } = test;
  expect(await database.select("SELECT vtxo_id, locked_by FROM vtxos WHERE locked_by IS NOT NULL")).toEqual([]);
  await checkLedgerSums(test);
  const fees = FEE_SATS * 1000n * BigInt(paidSessions(ended).length);
  expect(await world.balance("income:l2_fee", GBTC)).toBe(-fees);
  const owed = await database.select(
    `SELECT a.asset_id, SUM(p.amount) AS owed FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
     WHERE a.account = 'liability:renewal' GROUP BY a.asset_id HAVING owed <> 0`,
  );
  expect(owed).toEqual([]);
  await checkRenewals(test, world, ended);
  for (const owner of [...ended.users, testKey("outsider").pubkey]) {
    await syncVtxos(world.deps, { ownerPubkey: owner });
    const live = await world.deps.vtxos.listLive(undefined, owner, 1_000);
    const atArkd = [...world.arkd.vtxos.values()].filter(
      (vtxo) => !vtxo.isSpent && !vtxo.isSwept && world.arkd.isOwnedBy(vtxo, owner),
    );
    expect(live.map(heldBy).toSorted()).toEqual(atArkd.map(heldBy).toSorted());
  }
}

/** Each completed renewal was paid once, and only those count against the day's limit of their user. */
async function checkRenewals(
  { database }: TestDatabase,
  { arkd }: CeremonyWorld,
  { sessions, users }: Ended,
): Promise<void> {
  const renewed = sessions.filter(({ status, intent }) => status === "completed" && intent.type === "vtxo_renew");
  const payouts = await database.select("SELECT business_id, status FROM payouts ORDER BY business_id");
  const ids = renewed.map(({ sessionId }) => sessionId).toSorted();
  expect(payouts).toEqual(ids.map((id) => ({ business_id: id, status: "final" })));
  for (const user of users) {
    const own = renewed.filter(({ userPubkey }) => userPubkey === user);
    // The intent's amount is only what was known of them when it came.
    const old = own.flatMap(({ intent }) => ("sourceVtxos" in intent ? (intent.sourceVtxos ?? []) : []));
    const sats = old.reduce((sum, id) => sum + (arkd.vtxos.get(id)?.amountSats ?? 0n), 0n);
    const rows = await database.select("SELECT COALESCE(SUM(used), 0) AS used FROM daily_budgets WHERE name = ?", [
      `renew:${user}`,
    ]);
    expect([user, String(rows[0]?.["used"])]).toEqual([user, String(sats)]);
  }
}

function heldBy({ vtxoId, assets }: Pick<ArkVtxo, "vtxoId" | "assets">): string {
  return [vtxoId, ...assets.map(({ assetId, amount }) => `${amount} of ${assetId}`).toSorted()].join(" ");
}
