import { refIdOf } from "@arkrelay/core/session/publish-failure";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";
import { checkSubsidies, checkTransactionRows } from "./row-checks";

const SESSION_END = {
  paid: "completed",
  refunded: "failed",
  failed: "failed",
  cancelled: "failed",
  expired: "expired",
} as const;

/**
 * What must be true once every land has ended: nobody was paid twice, no user is short, the books say what arkd and lnd say, nothing is
 * locked, and each action has one outcome.
 */
export async function checkLandBooks(
  test: TestDatabase,
  world: LandWorld,
  lands: { readonly operationIds: readonly string[]; readonly user: string; readonly fundedSats: bigint },
): Promise<void> {
  const { database } = test;
  let spentSats = 0n;
  let sentMsat = 0n;
  let feesSats = 0n;
  for (const operationId of lands.operationIds) {
    const { status, sessionId, amountSats, fee, routingFeeMsat = 0n, paymentHash } = await world.get(operationId);
    const session = await world.getSession(sessionId);
    expect([operationId, session.status]).toEqual([operationId, SESSION_END[status as keyof typeof SESSION_END]]);
    const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
    expect(result?.kind).toBe(session.status === "completed" ? 31340 : 31341);
    if (status !== "paid") continue;
    expect(world.lightning.timesPaid.get(paymentHash)).toBe(1);
    spentSats += amountSats + fee;
    feesSats += fee;
    sentMsat += amountSats * 1000n + routingFeeMsat;
  }
  const paidTimes = [...world.lightning.timesPaid.values()];
  expect(paidTimes.every((times) => times === 1)).toBe(true);
  expect(world.satsOf(lands.user)).toBe(lands.fundedSats - spentSats);

  const [sums] = await database.select("SELECT COALESCE(SUM(amount), 0) AS total FROM ledger_postings");
  expect(String(sums?.["total"])).toBe("0");
  expect(await world.balance("asset:ark")).toBe(spentSats * 1000n);
  expect(await world.balance("asset:ln")).toBe(-sentMsat);
  expect(await world.balance("income:land_fee")).toBe(-feesSats * 1000n);
  expect(await world.balance("liability:land")).toBe(0n);

  const [locks] = await database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locks?.["n"]).toBe(0);
  await checkSubsidies(test);
  await checkTransactionRows(test, world);
}
