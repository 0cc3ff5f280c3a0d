import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { checkAssetLand } from "../testing/asset-land-checks";
import { openLandWorld, type LandWorld } from "../testing/land-world";
import { openRequests } from "../testing/request-world";
import { gold, GOLD, registerGold, stockGold } from "../testing/test-asset";

let test: TestDatabase;
let world: LandWorld;
let requests: ReturnType<typeof openRequests<LandWorld>>;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLandWorld(test);
  requests = openRequests(test, world);
  await registerGold(test);
});

it("a request to lift an asset is answered with its invoice and the carrier's price in units", async () => {
  await stockGold(world, 100n);
  const request = { request_id: "lift-0001", action: "lift_lightning", asset_id: GOLD.assetId, amount: 40 };
  await requests.send(ALICE, request);
  const [operation] = await world.deps.operations.list({ userPubkey: ALICE.pubkey }, 10, undefined);
  await world.driveLift(operation?.operationId ?? "");
  const [answer] = await requests.answersTo(ALICE);
  expect(answer?.content).toMatchObject({
    status: "pending_payment",
    asset_id: GOLD.assetId,
    amount: 40,
    fee_estimate: 3,
    payment_hash: operation?.paymentHash,
  });
});

it("a request to land an asset is answered with the exact intent, and that intent is carried out", async () => {
  await world.stockFees(2);
  world.arkd.fund(ALICE.pubkey, 1_000n, [gold(200n)]);
  world.arkd.fund(ALICE.pubkey, 5_000n);
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
  const before = { userUnits: 200n, userSats: 6_000n, localMsat: world.lightning.localMsat };
  const answer = await requests.ask(ALICE, {
    request_id: "land-0001",
    action: "land_lightning",
    asset_id: GOLD.assetId,
    amount: 60,
    lightning_invoice: world.invoice().bolt11,
  });
  expect(answer).toMatchObject({
    status: "success",
    asset_id: GOLD.assetId,
    amount: 60,
    fee_asset_id: GOLD.assetId,
    fee_amount: 1,
    total_amount: 61,
  });
  const template = answer["intent_template"] as Readonly<Record<string, unknown>>;
  await world.process(world.intentEvent(ALICE, template));
  const [operation] = await world.deps.operations.list({ userPubkey: ALICE.pubkey }, 10, undefined);
  if (operation === undefined) throw new Error("the intent opened no land");
  await world.receive(ALICE, operation);
  expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "paid", quotedUnits: 50n });
  await checkAssetLand(test, world, operation.operationId, before);
});

it("a request to land an asset for too few units is refused as the land would be", async () => {
  const answer = await requests.ask(ALICE, {
    request_id: "land-0001",
    action: "land_lightning",
    asset_id: GOLD.assetId,
    amount: 49,
    lightning_invoice: world.invoice().bolt11,
  });
  expect(answer).toMatchObject({ status: "error", error_code: 2007 });
});
