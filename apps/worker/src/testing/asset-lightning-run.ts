import { watchSupply } from "@arkrelay/core/asset/watch-supplies";
import { isLightningTerminal } from "@arkrelay/core/lightning/lightning-machine";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { checkBacked, readBacking } from "./asset-backing-checks";
import type { AssetLightningStep } from "./asset-lightning-steps";
import { ChannelTapd } from "./channel-tapd";
import { openLandWorld } from "./land-world";
import { mortalDeps } from "./mortal-process";
import { quietly } from "./quietly";
import { createRandomMints, MINT_CARRIER_SATS } from "./random-mints";
import { openReconciliation } from "./reconciliation";
import { seededRandom } from "./seeded-random";
import { gold, GOLD, goldOf, registerGold, stockGold } from "./test-asset";

const GOLD_TWIN = { assetId: GOLD.assetId, backing: "taproot" } as const;
const USERS = [testKey("holder 1"), testKey("holder 2")];
const UNITS = 300n;
const SATS = 20_000n;
const CARRIER_SATS = 330n;
/** Of gold in the treasury, for mints. */
const TREASURY_UNITS = 500n;
/** What tapd has beyond what users hold at first: less than a mint may want, so that the limit is met. */
const SPARE_UNITS = 25n;
const ROUNDS_MAX = 150;
const PAUSE_MS_MAX = 200_000;

/** One random run: lifts, lands and mints of gold, and whatever happens to them, to their worker and to the daemons. */
export async function startAssetLightningRun(test: TestDatabase, seed: number) {
  const world = await openLandWorld(
    test,
    { liftOpenPerUser: 10, landMaxInFlight: 10 },
    { maxSessionsPerUser: 20 },
    seededRandom(seed),
  );
  const { lightning, channels, arkd, clock, deps } = world;
  await registerGold(test);
  await stockGold(world, 100n, 60n, 60n);
  await world.stock(100_000n, 100_000n, 100_000n);
  await world.stockFees(10);
  const treasury = deps.wallet.keys.treasury.pubkey;
  arkd.fund(treasury, 1_000n, [gold(TREASURY_UNITS)]);
  await syncVtxos(deps, { ownerPubkey: treasury });
  for (const { pubkey } of USERS) {
    arkd.fund(pubkey, 1_000n, [gold(UNITS)]);
    await world.fund({ pubkey } as TestKey, SATS - 1_000n);
  }
  const totalUnits = arkd.totalUnits(GOLD.arkAssetId);
  await test.database.write("UPDATE assets SET issued = ? WHERE asset_id = ?", [totalUnits, GOLD.assetId]);
  channels.openingUnits = BigInt(USERS.length) * UNITS + SPARE_UNITS;
  const tapd = new ChannelTapd(world);
  const mints = createRandomMints(test, world, tapd);
  const reconciliation = openReconciliation(test, world, tapd);
  await reconciliation.run();
  const opening = {
    ark: await world.balance("asset:ark", GOLD.assetId),
    tapd: await world.balance("asset:tapd", GOLD.assetId),
    lnMsat: await world.balance("asset:ln"),
  };
  const before = { units: totalUnits, sats: arkd.totalSats(), localMsat: lightning.localMsat };
  const lifts: string[] = [];
  const lands: { readonly id: string; readonly preimage: string }[] = [];
  const userOf = (index: number): TestKey => USERS[index % USERS.length] ?? testKey("nobody");
  const liftAt = (index: number): string | undefined => lifts[index % Math.max(lifts.length, 1)];
  const landAt = (index: number) => lands[index % Math.max(lands.length, 1)];

  const openLand = async (step: Extract<AssetLightningStep, { kind: "land" }>): Promise<void> => {
    const user = userOf(step.user);
    const invoice = world.invoice({}, (preimage) =>
      step.answer === "pay" ? { kind: "pay", preimage, feeMsat: 1_500n } : answerOf(step.answer),
    );
    await syncVtxos(deps, { ownerPubkey: user.pubkey });
    await deps.invoiceQuotes.ask(GOLD.assetId, invoice.bolt11);
    const operation = await world.openLand(user, invoice.bolt11, { asset_id: GOLD.assetId, amount: step.amount });
    const { status } = await world.receive(user, operation);
    if (status === "received") lands.push({ id: operation.operationId, preimage: invoice.preimage });
  };
  /** Ceremonies have random runs of their own. */
  const untroubled = async (work: () => Promise<void>): Promise<void> => {
    const faults = { lightning: lightning.fault, arkd: arkd.fault };
    [lightning.fault, arkd.fault] = [() => undefined, () => undefined];
    await work().finally(() => {
      [lightning.fault, arkd.fault] = [faults.lightning, faults.arkd];
    });
  };
  const pay = async (id: string, step: Extract<AssetLightningStep, { kind: "pay" }>): Promise<unknown> => {
    const { paymentHash, amount, carrierUnits = 0n, bolt11 } = await world.get(id);
    if (bolt11 === undefined) await world.driveLift(id);
    if (step.how === "sats") return lightning.receive(paymentHash, { blocks: step.blocks });
    const off = step.how === "short" ? -5n : step.how === "more" ? 4n : 0n;
    return channels.receive(paymentHash, { units: amount + carrierUnits + off, blocks: step.blocks });
  };
  /** The jobs that look after the books: they find nothing, but what was lost over Lightning. */
  const audit = async (): Promise<void> => {
    await reconciliation.run();
    expect(reconciliation.drifts).toEqual([]);
    const findings = await watchSupply({ ...deps, tapd, supplies: mints.supplies }, GOLD_TWIN);
    const { lostUnits } = await readBacking(test, world);
    for (const finding of findings) {
      expect(finding).toMatchObject({ kind: "reserve_short" });
      if (finding.kind === "reserve_short") expect(finding.deficitUnits).toBeLessThanOrEqual(lostUnits);
    }
  };
  const act = async (step: AssetLightningStep): Promise<unknown> => {
    switch (step.kind) {
      case "lift": {
        const { operation } = await world.start(userOf(step.user).pubkey, {
          assetId: GOLD.assetId,
          amount: BigInt(step.amount),
        });
        return lifts.push(operation.operationId);
      }
      case "pay": {
        const id = liftAt(step.lift);
        return id === undefined ? undefined : pay(id, step);
      }
      case "drive_lift": {
        const id = liftAt(step.lift);
        return id === undefined ? undefined : world.driveLift(id, mortalDeps(deps, step));
      }
      case "strand_lift": {
        const id = liftAt(step.lift);
        if (id === undefined) return undefined;
        await quietly(() => pay(id, { kind: "pay", lift: step.lift, how: "whole", blocks: 50 }));
        world.arkdFaultOnce("submitTx", step.fault);
        await quietly(() => world.driveLift(id));
        return lightning.mine(step.blocks);
      }
      case "land":
        return untroubled(() => openLand(step));
      case "drive_land": {
        const land = landAt(step.land);
        return land === undefined ? undefined : world.driveLand(land.id, mortalDeps(deps, step));
      }
      case "mint":
        return mints.order(userOf(step.user), BigInt(step.units));
      case "drive_mint": {
        const mint = mints.mints[step.mint % Math.max(mints.mints.length, 1)];
        if (mint === undefined) return undefined;
        const [lift, land] = [liftAt(step.which), landAt(step.which)];
        tapd.meanwhile = async () => {
          if (step.meanwhile === "lift" && lift !== undefined) await quietly(() => world.driveLift(lift));
          if (step.meanwhile === "land" && land !== undefined) await quietly(() => world.driveLand(land.id));
        };
        return mints.drive(mint, step);
      }
      case "reconcile":
        return audit();
      case "fault":
        return world.faultOnce(step.call, step.fault);
      case "arkd_fault":
        return world.arkdFaultOnce(step.call, step.fault);
      case "market":
        channels.isSelling = step.isSelling;
        return (channels.msatPerUnit = BigInt(step.msatPerUnit));
      case "mine":
        return lightning.mine(step.blocks);
      case "advance":
        return clock.advance(step.seconds * 1_000);
    }
  };

  const settle = async (): Promise<void> => {
    lightning.fault = () => undefined;
    arkd.fault = () => undefined;
    channels.isSelling = true;
    for (const { id, preimage } of lands) {
      const { paymentHash } = await world.get(id);
      lightning.payees.set(paymentHash, { kind: "pay", preimage, feeMsat: 1_500n });
      if (lightning.isInFlight(paymentHash)) {
        lightning.resolvePayment(paymentHash, { kind: "fail", reason: "no_route" });
      }
    }
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let isOver = true;
      for (const id of [...lifts, ...lands.map((land) => land.id)]) {
        const operation = await world.get(id);
        if (isLightningTerminal(operation)) continue;
        isOver = false;
        await quietly(() => (operation.invoiceType === "lift" ? world.driveLift(id) : world.driveLand(id)));
      }
      if (isOver) return mints.settle();
      clock.advance(Math.min(1_000 * 1.3 ** round, PAUSE_MS_MAX));
    }
    throw new Error("lifts or lands do not end");
  };

  const check = async (): Promise<void> => {
    const rows = await Promise.all([...lifts, ...lands.map(({ id }) => id)].map((id) => world.get(id)));
    const delivered = rows.filter(({ status, invoiceType }) => invoiceType === "lift" && isDelivered(status));
    const paidLands = rows.filter(({ status, invoiceType }) => invoiceType === "land" && status === "paid");
    for (const { pubkey } of USERS) {
      const own = (each: readonly LightningOperation[]) => each.filter(({ userPubkey }) => userPubkey === pubkey);
      const [got, gave] = [own(delivered), own(paidLands)];
      const minted = mints.mints.filter(({ user, end }) => user.pubkey === pubkey && end === "minted");
      const mintedUnits = minted.reduce((total, mint) => total + mint.units, 0n);
      const units = sum(got, ({ amount }) => amount) - sum(gave, ({ amount, fee }) => amount + fee) + mintedUnits;
      expect([pubkey, goldOf(world, pubkey)]).toEqual([pubkey, UNITS + units]);
      const carriers = sum(got, ({ amountSats }) => amountSats) + BigInt(minted.length) * MINT_CARRIER_SATS;
      expect([pubkey, world.satsOf(pubkey)]).toEqual([pubkey, SATS + carriers - BigInt(gave.length) * CARRIER_SATS]);
    }
    for (const { status, invoiceType, paymentHash } of rows) {
      if (invoiceType === "land") {
        expect([status, lightning.timesPaid.get(paymentHash) ?? 0]).toEqual([status, status === "paid" ? 1 : 0]);
      } else {
        expect([status, lightning.isSettled(paymentHash)]).toEqual([status, status === "paid"]);
      }
    }
    expect(arkd.totalUnits(GOLD.arkAssetId)).toBe(before.units);
    expect(arkd.totalSats()).toBe(before.sats);
    const mintedUnits = mints.mints.reduce((total, { end, units }) => total + (end === "minted" ? units : 0n), 0n);
    const movedUnits = sum(paidLands, ({ amount, fee }) => amount + fee) - sum(delivered, ({ amount }) => amount);
    expect(await world.balance("asset:ark", GOLD.assetId)).toBe(opening.ark + movedUnits - mintedUnits);
    expect(await world.balance("asset:tapd", GOLD.assetId)).toBe(tapd.units());
    expect(await world.balance("asset:ln")).toBe(opening.lnMsat + lightning.localMsat - before.localMsat);
    await audit();
    await audit();
    await checkBacked(test, world, tapd);
    for (const assetId of [GOLD.assetId, "gBTC"]) {
      expect(await world.balance("liability:land", assetId)).toBe(0n);
      expect(await world.balance("receivable:lift", assetId)).toBe(0n);
    }
    expect(await test.database.select("SELECT vtxo_id, locked_by FROM vtxos WHERE locked_by IS NOT NULL")).toEqual([]);
  };

  return {
    take: async (step: AssetLightningStep): Promise<void> => {
      await quietly(() => act(step));
      await checkBacked(test, world, tapd);
    },
    settleAll: settle,
    check,
    whatHappened: async (): Promise<readonly string[]> => {
      const rows = await Promise.all([...lifts, ...lands.map(({ id }) => id)].map((id) => world.get(id)));
      const kills = await test.database.select(
        "SELECT 1 FROM payout_attempts WHERE role = 'kill' AND outcome = 'final'",
      );
      return [
        ...rows.map(({ invoiceType, status }) => `${invoiceType} ${status}`),
        ...kills.map(() => "killed delivery"),
        ...mints.mints.map(({ end }) => `mint ${end}`),
        ...(mints.waits() > 0 ? ["mint put off"] : []),
      ];
    },
  };
}

function answerOf(answer: "fail" | "hang") {
  return answer === "hang" ? ({ kind: "hang" } as const) : ({ kind: "fail", reason: "no_route" } as const);
}

function isDelivered(status: LightningOperation["status"]): boolean {
  return status === "paid" || status === "lost";
}

function sum(rows: readonly LightningOperation[], of: (row: LightningOperation) => bigint): bigint {
  return rows.reduce((total, row) => total + of(row), 0n);
}
