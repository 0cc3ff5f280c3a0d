import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { sessionIdOfEvent } from "@arkrelay/core/nostr/session-id";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openLandWorld, type LandWorld } from "../testing/land-world";

let test: TestDatabase;
let world: LandWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLandWorld(test);
  await world.stockFees(1);
  await world.fund(ALICE, 100_000n);
});

const content = (type: string, params: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  action_id: "lightning-0001",
  type,
  network: "regtest",
  expires_at: Math.floor(world.clock.now().getTime() / 1000) + 600,
  params: { asset_id: "gBTC", amount: 50_000, fee_asset_id: "gBTC", ...params },
  ...more,
});

async function rows(): Promise<number> {
  const [row] = await test.database.select("SELECT COUNT(*) AS n FROM lightning_invoices");
  return Number(row?.["n"]);
}

describe("a signed lightning:land", () => {
  it("opens its session and its land once, however often it comes, and is paid to the end", async () => {
    const { bolt11, paymentHash } = world.invoice();
    const event = world.intentEvent(ALICE, content("lightning:land", { lightning_invoice: bolt11, fee_amount: 50 }));
    const sessionId = sessionIdOfEvent(event.id);
    expect(await world.process(event)).toMatchObject({ errorCode: undefined, wakes: [{ rowKey: sessionId }] });
    expect(await world.process(event)).toMatchObject({ errorCode: undefined, wakes: [] });
    expect(await rows()).toBe(1);
    const land = await world.deps.operations.findBySession(undefined, sessionId);
    expect(land).toMatchObject({ status: "pending_payment", paymentHash, claimedHash: undefined, fee: 50n });
    const { operationId } = await world.receive(ALICE, land as LightningOperation);
    expect(await world.settleLand(operationId)).toMatchObject({ status: "paid" });
  });

  it("may carry its invoice in memo and be called land_lightning, as older clients write it", async () => {
    const memo = world.invoice().bolt11.toUpperCase();
    const event = world.intentEvent(ALICE, content("land_lightning", { fee_amount: 50 }, { memo }));
    expect(await world.process(event)).toMatchObject({ errorCode: undefined });
    const land = await world.deps.operations.findBySession(undefined, sessionIdOfEvent(event.id));
    expect(land?.bolt11).toBe(memo.toLowerCase());
  });

  it.each([
    ["asset_unknown", { asset_id: "nobody", amount: 1, fee_amount: 1 }],
    ["unsupported_type", { asset_id: "gUSD", amount: 1, fee_amount: 1 }],
    ["amount_below_minimum", { amount: 1, fee_amount: 1 }],
    ["invoice_invalid", { lightning_invoice: "lnbcrt1", fee_amount: 1 }],
    ["fee_asset_rejected", { fee_asset_id: "gUSD", fee_amount: 1 }],
    ["fee_invalid", { fee_amount: 49 }],
    ["fee_invalid", { fee_amount: undefined }],
  ])("is refused with %s, which the author is told, and uses its action_id up", async (code, params) => {
    // Issued, and without a price or limits for Lightning.
    await registerTestAsset(test.database, "gUSD", `${"aa".repeat(32)}0000`);
    const good = { lightning_invoice: world.invoice().bolt11, fee_amount: 50 };
    const spoilt = world.intentEvent(ALICE, content("lightning:land", { ...good, ...params }));
    expect(await world.process(spoilt)).toMatchObject({ errorCode: code });
    expect(await rows()).toBe(0);
    expect(await world.deps.results.find(ALICE.pubkey, "lightning-0001")).toMatchObject({ kind: 31341 });
  });
});

describe("a signed lightning:lift", () => {
  beforeEach(async () => {
    const stock = world.deps.wallet.keys.stock.pubkey;
    world.arkd.fund(stock, 100_000n);
    await syncVtxos(world.deps, { ownerPubkey: stock });
  });

  it("starts a lift once, of which the worker makes the invoice", async () => {
    const event = world.intentEvent(BOB, content("lightning:lift", { fee_amount: 0 }));
    const lift = await started(event);
    expect(lift).toMatchObject({ invoiceType: "lift", status: "pending", userPubkey: BOB.pubkey, amount: 50_000n });
    expect(await world.process(event)).toMatchObject({ errorCode: undefined, wakes: [] });
    expect(await rows()).toBe(1);
  });

  it.each([
    ["fee_invalid", { fee_amount: 1 }],
    ["fee_invalid", { fee_amount: undefined }],
    ["fee_asset_rejected", { fee_asset_id: "gUSD", fee_amount: 0 }],
    ["amount_below_minimum", { amount: 999, fee_amount: 0 }],
  ])("is refused with %s", async (code, params) => {
    expect(await world.process(world.intentEvent(BOB, content("lightning:lift", params)))).toMatchObject({
      errorCode: code,
    });
    expect(await rows()).toBe(0);
  });

  it("claims a lift that its own user began, as often as it likes, and nobody else's", async () => {
    const lift = await started(world.intentEvent(BOB, content("lightning:lift", { fee_amount: 0 })));
    const claim = content(
      "lightning:lift",
      { fee_amount: 0, payment_hash: lift.paymentHash },
      { action_id: "lightning-0002" },
    );
    const own = world.intentEvent(BOB, claim);
    expect(await world.process(own)).toMatchObject({ errorCode: undefined, wakes: [] });
    expect(await world.process(own)).toMatchObject({ errorCode: undefined, wakes: [] });
    expect(await world.process(world.intentEvent(ALICE, claim))).toMatchObject({ errorCode: "not_found" });
    expect(await rows()).toBe(1);
  });

  async function started(event: ReturnType<LandWorld["intentEvent"]>): Promise<LightningOperation> {
    const { errorCode, wakes } = await world.process(event);
    expect({ errorCode, tasks: wakes.map((wake) => wake.task) }).toEqual({
      errorCode: undefined,
      tasks: ["lift_create"],
    });
    return world.get(wakes[0]?.rowKey ?? "");
  }
});
