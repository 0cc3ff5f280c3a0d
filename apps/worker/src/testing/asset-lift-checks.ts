import { refIdOf } from "@arkrelay/core/session/publish-failure";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LiftWorld } from "./lift-world";
import { checkLedgerSums, checkTransactionRows } from "./row-checks";
import { GOLD, goldOf } from "./test-asset";

const SESSION_END = { paid: "completed", lost: "completed", expired: "expired", cancelled: "failed" } as const;

/**
 * What must be true once a lift of gold has ended: the user has all units or none, whoever did not get units was not paid for, the books
 * say what arkd, lnd and tapd hold, no unit was burnt, nothing is locked.
 */
export async function checkAssetLift(
  test: TestDatabase,
  world: LiftWorld,
  operationId: string,
  before: { readonly units: bigint; readonly localMsat: bigint },
): Promise<void> {
  const { database } = test;
  const operation = await world.get(operationId);
  const { status, amount, amountSats, paymentHash, userPubkey } = operation;
  const session = await world.getSession(operation.sessionId);
  expect(session.status).toBe(SESSION_END[status as keyof typeof SESSION_END]);
  const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
  expect(result?.kind).toBe(session.status === "completed" ? 31340 : 31341);

  const isDelivered = status === "paid" || status === "lost";
  expect(goldOf(world, userPubkey)).toBe(isDelivered ? amount : 0n);
  expect(world.satsOf(userPubkey)).toBe(isDelivered ? amountSats : 0n);
  expect(world.lightning.isReturned(paymentHash)).toBe(status !== "paid");
  expect(world.arkd.totalUnits(GOLD.arkAssetId)).toBe(before.units);

  expect(await world.balance("asset:ark", GOLD.assetId)).toBe(isDelivered ? -amount : 0n);
  expect(await world.balance("asset:tapd", GOLD.assetId)).toBe(world.lightning.netUnits(GOLD.taprootAssetId));
  expect(await world.balance("receivable:lift", GOLD.assetId)).toBe(0n);
  expect(await world.balance("asset:ark")).toBe(isDelivered ? -amountSats * 1000n : 0n);
  expect(await world.balance("asset:ln")).toBe(world.lightning.localMsat - before.localMsat);
  await checkLedgerSums(test);
  expect(await database.select("SELECT 1 FROM vtxos WHERE locked_by IS NOT NULL")).toEqual([]);
  await checkTransactionRows(test, world);
}
