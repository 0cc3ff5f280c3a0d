import { AppError } from "@arkrelay/core/errors";
import { lndSource } from "@arkrelay/core/ledger/lnd-source";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import type { LightningCall } from "@arkrelay/core/testing/in-memory-lightning-node";
import type { PayeeAnswer } from "@arkrelay/core/testing/in-memory-payments";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleChannelBooks } from "@arkrelay/db/stores/channel-books";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { checkAssetLand } from "../testing/asset-land-checks";
import { openLandWorld, type LandWorld, type PayeeInvoice } from "../testing/land-world";
import { mortalDeps, type Death } from "../testing/mortal-process";
import { gold, GOLD, goldOf, registerGold } from "../testing/test-asset";

let test: TestDatabase;
let world: LandWorld;
let before: { readonly userUnits: bigint; readonly userSats: bigint; readonly localMsat: bigint };

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLandWorld(test);
  await registerGold(test);
  await world.stockFees(3);
  world.arkd.fund(ALICE.pubkey, 1_000n, [gold(200n)]);
  world.arkd.fund(ALICE.pubkey, 5_000n);
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
  before = { userUnits: 200n, userSats: 6_000n, localMsat: world.lightning.localMsat };
});

/** An invoice over 50 000 sats costs 50 units, and 51 with what routing may cost. */
const open = async ({ bolt11 }: PayeeInvoice, params: Record<string, unknown> = {}): Promise<LightningOperation> => {
  await world.deps.invoiceQuotes.ask(GOLD.assetId, bolt11);
  return world.openLand(ALICE, bolt11, { asset_id: GOLD.assetId, amount: 60, ...params });
};
const received = async (invoice: PayeeInvoice, params: Record<string, unknown> = {}): Promise<LightningOperation> => {
  const operation = await world.receive(ALICE, await open(invoice, params));
  expect(operation.status).toBe("received");
  return operation;
};
/** What the ledger's auditor finds in our channels. */
const channelMsat = async (): Promise<bigint | undefined> => {
  const { lightning, deps } = world;
  const channelBooks = new DrizzleChannelBooks(test.database);
  const balances = await lndSource({ lightning, operations: deps.operations, channelBooks }).read();
  return balances.find(({ account }) => account === "asset:ln")?.external;
};
const check = ({ operationId }: LightningOperation) => checkAssetLand(test, world, operationId, before);
const hang = (): PayeeAnswer => ({ kind: "hang" });
const fail = (): PayeeAnswer => ({ kind: "fail", reason: "no_route" });

describe("a land of an asset", () => {
  it("takes units and fee with a carrier, pays with units of a quote, and keeps what its price was better", async () => {
    const operation = await received(world.invoice());
    expect(operation).toMatchObject({ amount: 60n, fee: 1n, quotedUnits: 50n, amountSats: 50_000n });
    expect(await world.settleLand(operation.operationId)).toMatchObject({
      status: "paid",
      debitedUnits: 51n,
      feeLimitMsat: 5_000n,
      routingFeeMsat: 1_500n,
    });
    await check(operation);
    expect(await world.balance("income:rfq", GOLD.assetId)).toBe(-9n);
    expect(await world.balance("income:land_fee", GOLD.assetId)).toBe(-1n);
    expect(await world.balance("income:carrier")).toBe(-330_000n);
    expect(await world.balance("expense:carrier")).toBe(354_000n);
  });

  it("gives exactly the VTXO it received back, units, fee and carrier, when it cannot be paid", async () => {
    const operation = await received(world.invoice({}, fail));
    expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "refunded", attempts: 3 });
    await check(operation);
    expect(goldOf(world, ALICE.pubkey)).toBe(200n);
    const [payout] = await test.database.select("SELECT pivot_vtxo_id FROM payouts");
    expect(payout?.["pivot_vtxo_id"]).toBe(operation.receivedVtxoId);
  });

  it.each([
    ["nobody sells", () => (world.channels.isSelling = false)],
    ["the price has risen above what the user gave", () => (world.channels.msatPerUnit = 800_000n)],
  ])("is given back without a send when %s", async (_what, change) => {
    const operation = await received(world.invoice());
    change();
    expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "refunded", lastError: "no_route" });
    const [attempt] = await world.deps.operations.listAttempts(operation.operationId);
    expect(attempt).toMatchObject({ status: "refused", sentAt: undefined });
    await check(operation);
  });

  it("is given back when its quote has run out before it was used", async () => {
    world.channels.quoteLifeMs = 0;
    const operation = await received(world.invoice());
    expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "refunded", lastError: "no_route" });
    await check(operation);
  });

  it("that is paid when the units just do is paid", async () => {
    const operation = await received(world.invoice(), { amount: 51 });
    expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "paid" });
    await check(operation);
    expect(await world.balance("income:rfq", GOLD.assetId)).toBe(0n);
  });

  it("stays in flight while nobody knows its end, and is neither sent again nor given back", async () => {
    const invoice = world.invoice({}, hang);
    const operation = await received(invoice);
    const atFirst = await channelMsat();
    for (let round = 0; round < 20; round++) {
      await world.driveLand(operation.operationId);
      world.clock.advance(3_600_000);
    }
    // The sats under its units are ours until it ends.
    expect(world.lightning.localMsat).toBe(before.localMsat - 354_000n);
    expect(await channelMsat()).toBe(atFirst);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "in_flight" });
    world.lightning.resolvePayment(invoice.paymentHash, { kind: "pay", preimage: invoice.preimage, feeMsat: 0n });
    expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  it("that was received is paid although its asset was frozen and its price was taken off meanwhile", async () => {
    const operation = await received(world.invoice());
    await test.database.write("UPDATE assets SET status = 'frozen', carrier_units = NULL WHERE asset_id = 'gold'");
    expect(await world.settleLand(operation.operationId)).toMatchObject({ status: "paid" });
    await check(operation);
  });
});

describe("a land of an asset is refused", () => {
  it.each([
    ["that costs more units than are given", { amount: 49 }, "invoice_amount_mismatch"],
    ["below the registry's cap", { amount: 9 }, "amount_below_minimum"],
    ["above it", { amount: 1_001 }, "amount_above_maximum"],
    ["with its fee in sats", { fee_asset_id: "gBTC", fee_amount: 1 }, "fee_asset_rejected"],
    ["with another fee", { fee_asset_id: "gold", fee_amount: 2 }, "fee_invalid"],
    ["of more units than the user has", { amount: 200 }, "insufficient_balance"],
    ["of an asset nobody registered", { asset_id: "silver" }, "asset_unknown"],
  ] as const)("%s", async (_what, params, code) => {
    await expect(open(world.invoice(), params)).rejects.toMatchObject({ code });
  });

  it.each([
    ["status = 'frozen'", "asset_inactive"],
    ["max_land_units = NULL", "unsupported_type"],
  ])("while %s", async (change, code) => {
    await test.database.write(`UPDATE assets SET ${change} WHERE asset_id = 'gold'`);
    await expect(open(world.invoice())).rejects.toMatchObject({ code });
  });

  it("over an invoice without an amount", async () => {
    const error = await open(world.invoice({ amountMsat: undefined })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "invoice_invalid", details: { reason: "amountless" } });
  });

  it("when the channels hold too little, or one payee would have more than half of them", async () => {
    world.channels.openingUnits = 59n;
    await expect(open(world.invoice())).rejects.toMatchObject({ code: "inventory_exhausted" });
    world.channels.openingUnits = 119n;
    await expect(open(world.invoice())).rejects.toMatchObject({ code: "inventory_exhausted" });
    world.channels.openingUnits = 120n;
    await open(world.invoice());
  });

  it("while tapd was not asked, so that nothing waits for it inside a transaction", async () => {
    const { bolt11 } = world.invoice();
    await expect(world.openLand(ALICE, bolt11, { asset_id: GOLD.assetId, amount: 60 })).rejects.toMatchObject({
      code: "daemon_unavailable",
    });
  });
});

describe("a land of an asset is paid at most once", () => {
  const faultOnce = (call: LightningCall, fault: "lose_reply" | "unavailable" | "late") => world.faultOnce(call, fault);
  const settled = async ({ operationId }: LightningOperation): Promise<LightningOperation> => {
    for (let round = 0; round < 60; round++) {
      const nextAt = await world.driveLand(operationId).catch((thrown: unknown) => {
        if (!(thrown instanceof AppError)) throw thrown;
        return new Date(world.clock.now().getTime() + 1_000);
      });
      if (nextAt === undefined) break;
      world.clock.advance(Math.max(1_000, nextAt.getTime() - world.clock.now().getTime()));
    }
    return world.get(operationId);
  };

  it.each([
    ["requestSellQuote", "lose_reply"],
    ["requestSellQuote", "unavailable"],
    ["payAssetInvoice", "lose_reply"],
    ["payAssetInvoice", "unavailable"],
    ["payAssetInvoice", "late"],
    ["read", "unavailable"],
  ] as const)("although %s meets '%s'", async (call, fault) => {
    const operation = await received(world.invoice());
    faultOnce(call, fault);
    expect(await settled(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  it("and not given back while a send that nobody saw may still arrive", async () => {
    const operation = await received(world.invoice());
    faultOnce("payAssetInvoice", "late");
    await world.driveLand(operation.operationId);
    world.channels.isSelling = false;
    await world.driveLand(operation.operationId);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "in_flight" });
    expect(await settled(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  const deaths: readonly Death[] = [
    ...[0, 1, 2].map((crashAt) => ({ at: "commit" as const, crashAt })),
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((crashAt) => ({ at: "call" as const, crashAt })),
  ].flatMap((death) => [
    { ...death, after: false },
    { ...death, after: true },
  ]);

  it.each(deaths)("although its worker dies at $at $crashAt (after: $after)", async (death) => {
    const operation = await received(world.invoice());
    await world.driveLand(operation.operationId, mortalDeps(world.deps, death)).catch(() => undefined);
    expect(await settled(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  it.each([0, 1, 2, 3, 4, 5, 6].flatMap((crashAt) => [false, true].map((after) => ({ crashAt, after }))))(
    "although its worker dies at commit $crashAt of a refund (after: $after)",
    async (death) => {
      world.channels.isSelling = false;
      const operation = await received(world.invoice());
      await world.driveLand(operation.operationId, mortalDeps(world.deps, death)).catch(() => undefined);
      expect(await settled(operation)).toMatchObject({ status: "refunded" });
      await check(operation);
    },
  );
});
