import { refIdOf } from "@arkrelay/core/session/publish-failure";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";
import { checkLedgerSums, checkSubsidies, checkTransactionRows } from "./row-checks";
import { GOLD, goldOf } from "./test-asset";

/**
 * What must be true once a land of gold has ended: paid once or given back whole, the books say what arkd, lnd and tapd hold, no unit was
 * burnt, nothing is locked, and what of the subsidy was not used is free again.
 */
export async function checkAssetLand(
  test: TestDatabase,
  world: LandWorld,
  operationId: string,
  before: { readonly userUnits: bigint; readonly userSats: bigint; readonly localMsat: bigint },
): Promise<void> {
  const { database } = test;
  const operation = await world.get(operationId);
  const { status, amount, fee, paymentHash, userPubkey } = operation;
  const session = await world.getSession(operation.sessionId);
  const isPaid = status === "paid";
  expect([status, session.status]).toEqual(isPaid ? ["paid", "completed"] : ["refunded", "failed"]);
  const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
  expect(result?.kind).toBe(isPaid ? 31340 : 31341);

  const carrierSats = isPaid ? 330n : 0n;
  const givenUnits = isPaid ? amount + fee : 0n;
  expect(world.lightning.timesPaid.get(paymentHash) ?? 0).toBe(isPaid ? 1 : 0);
  expect(world.lightning.sentTwice).toBe(0);
  expect(goldOf(world, userPubkey)).toBe(before.userUnits - givenUnits);
  expect(world.satsOf(userPubkey)).toBe(before.userSats - carrierSats);

  expect(await world.balance("asset:ark", GOLD.assetId)).toBe(givenUnits);
  expect(await world.balance("asset:tapd", GOLD.assetId)).toBe(world.lightning.netUnits(GOLD.taprootAssetId));
  expect(await world.balance("liability:land", GOLD.assetId)).toBe(0n);
  expect(await world.balance("liability:land")).toBe(0n);
  expect(await world.balance("asset:ark")).toBe(carrierSats * 1000n);
  expect(await world.balance("asset:ln")).toBe(world.lightning.localMsat - before.localMsat);
  await checkLedgerSums(test);
  expect(await database.select("SELECT 1 FROM vtxos WHERE locked_by IS NOT NULL")).toEqual([]);
  await checkSubsidies(test);
  await checkTransactionRows(test, world);
}
