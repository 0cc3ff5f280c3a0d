import { AppError } from "@arkrelay/core/errors";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { POISONED } from "@arkrelay/core/lightning/note-poisoned";
import type { PayoutKind } from "@arkrelay/core/payout/payout";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleAlertFacts } from "@arkrelay/db/stores/alert-facts";
import { readSharedMetrics } from "@arkrelay/db/stores/read-shared-metrics";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld, type AssetWorld } from "../testing/asset-world";
import { openLandWorld, type LandWorld } from "../testing/land-world";

let test: TestDatabase;
let world: LandWorld;
/** Of the transaction that arkd hangs on. */
let poisonedTxid: string;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLandWorld(test);
});
afterEach(() => jest.restoreAllMocks());

/** arkd breaks while it finalises the next transaction, and hangs on it from then on. */
function poisonNext({ arkd }: Pick<LandWorld, "arkd"> = world): jest.SpyInstance {
  return jest.spyOn(arkd, "finalizeTx").mockImplementation(({ arkTxid }) => {
    poisonedTxid = arkTxid;
    arkd.poison(arkTxid);
    throw new AppError("daemon_rejected", {
      details: { service: "arkd", daemon_code: 0, daemon_name: "INTERNAL_ERROR" },
    });
  });
}

async function driveOn(drive: (operationId: string) => Promise<unknown>, operationId: string): Promise<void> {
  for (let round = 0; round < 8; round++) {
    await drive(operationId).catch((thrown: unknown) => {
      if (!(thrown instanceof AppError)) throw thrown;
    });
    world.clock.advance(61_000);
  }
}

/** What an operator reads about it. */
async function checkShown(operation: LightningOperation, status: string): Promise<void> {
  const row = await world.get(operation.operationId);
  expect(row).toMatchObject({ status, lastError: POISONED, unknownSince: expect.any(Date) as Date });
  const facts = new DrizzleAlertFacts(test.database);
  // At once, however short ago arkd accepted it.
  const [payout] = await facts.listAcceptedPayouts(new Date(0), 10);
  expect(payout).toMatchObject({ businessId: operation.operationId, txid: poisonedTxid, isPoisoned: true });
  expect((await readSharedMetrics(test.database)).trouble).toMatchObject({
    poisoned: { session: 0, payout: 1 },
    unknownPayments: { [row.invoiceType]: { count: 1 } },
  });
}

it("the delivery of a lift that arkd hangs on is shown to operators, once, and goes on when arkd is mended", async () => {
  await world.stock(100_000n);
  const lift = await world.paid(ALICE.pubkey, 50_000n);
  const calls = poisonNext();
  await driveOn(world.driveLift, lift.operationId);
  await checkShown(lift, "delivering");
  const { unknownSince } = await world.get(lift.operationId);
  await driveOn(world.driveLift, lift.operationId);
  expect(await world.get(lift.operationId)).toMatchObject({ unknownSince });
  expect(calls).toHaveBeenCalledTimes(1);
  jest.restoreAllMocks();
  world.arkd.mend(poisonedTxid);
  expect(await world.settle(lift)).toMatchObject({ status: "paid", lastError: undefined, unknownSince: undefined });
});

it("the refund of a land that arkd hangs on is shown to operators, and ends when arkd is mended", async () => {
  await world.fund(ALICE, 60_000n);
  await world.stockFees(3);
  const { bolt11 } = world.invoice({}, () => ({ kind: "fail", reason: "incorrect_payment_details" }));
  const land = await world.received(ALICE, bolt11);
  const calls = poisonNext();
  await driveOn(world.driveLand, land.operationId);
  await checkShown(land, "refunding");
  expect(calls).toHaveBeenCalledTimes(1);
  jest.restoreAllMocks();
  world.arkd.mend(poisonedTxid);
  expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded", unknownSince: undefined });
});

describe("what the gateway pays out of its own", () => {
  let assets: AssetWorld;
  beforeEach(async () => {
    await test.empty();
    assets = await openAssetWorld(test);
    await assets.stock(100_000n, 100_000n);
    await assets.treasure(100_000n);
    await assets.register();
  });

  const orders: readonly (readonly [PayoutKind, () => Promise<string>])[] = [
    ["issue", () => assets.order({ userPubkey: ALICE.pubkey })],
    [
      "mint",
      async () => {
        await assets.mint(ALICE);
        return assets.order({ userPubkey: ALICE.pubkey });
      },
    ],
    ["assign", async () => (await assets.assign({ userPubkey: ALICE.pubkey })).jobId],
    ["fanout", () => assets.orderStock({ assetId: "gBTC", assetAmount: 0 })],
  ];

  it.each(orders)(
    "is shown to operators when arkd hangs on the %s, and ends when arkd is mended",
    async (kind, order) => {
      const jobId = await order();
      const calls = poisonNext(assets);
      const driveOnce = async () => {
        await assets.runJob(jobId);
        await assets.runPayouts();
        assets.clock.advance(61_000);
      };
      for (let round = 0; round < 8; round++) await driveOnce();
      expect(calls).toHaveBeenCalledTimes(1);
      const facts = new DrizzleAlertFacts(test.database);
      const shown = [{ kind, txid: poisonedTxid, isPoisoned: true }];
      const accepted = await facts.listAcceptedPayouts(new Date(0), 10);
      expect(accepted).toMatchObject(shown);
      await driveOnce();
      expect(await facts.listAcceptedPayouts(new Date(0), 10)).toEqual(accepted);
      expect((await readSharedMetrics(test.database)).trouble.poisoned).toEqual({ session: 0, payout: 1 });
      jest.restoreAllMocks();
      assets.arkd.mend(poisonedTxid);
      expect(await assets.settle(jobId)).toMatchObject({ status: "completed" });
      expect(await facts.listAcceptedPayouts(new Date(0), 10)).toEqual([]);
      expect((await readSharedMetrics(test.database)).trouble.poisoned).toEqual({ session: 0, payout: 0 });
    },
  );
});
