import { refIdOf } from "@arkrelay/core/session/publish-failure";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LiftWorld } from "./lift-world";
import { checkTransactionRows } from "./row-checks";

const SESSION_END = { paid: "completed", lost: "completed", expired: "expired", cancelled: "failed" } as const;

/**
 * What must be true once every lift has ended: nobody is short and nobody got anything twice, the books say what arkd and lnd say,
 * nothing is locked, and each action has one outcome.
 */
export async function checkLiftBooks(
  test: TestDatabase,
  world: LiftWorld,
  operationIds: readonly string[],
): Promise<void> {
  const { database } = test;
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
  await checkTransactionRows(test, world);
}
