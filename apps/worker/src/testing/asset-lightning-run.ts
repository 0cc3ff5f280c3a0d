import { isLightningTerminal } from "@arkrelay/core/lightning/lightning-machine";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { AssetLightningStep } from "./asset-lightning-steps";
import { openLandWorld } from "./land-world";
import { mortalDeps } from "./mortal-process";
import { quietly } from "./quietly";
import { gold, GOLD, goldOf, registerGold, stockGold } from "./test-asset";

const USERS = [testKey("holder 1"), testKey("holder 2")];
const UNITS = 300n;
const SATS = 20_000n;
const CARRIER_SATS = 330n;
const ROUNDS_MAX = 150;
const PAUSE_MS_MAX = 200_000;

/** One random run: lifts and lands of gold, and whatever happens to them, to their worker and to the three daemons. */
export async function startAssetLightningRun(test: TestDatabase) {
  const world = await openLandWorld(test, { liftOpenPerUser: 10, landMaxInFlight: 10 }, { maxSessionsPerUser: 20 });
  const { lightning, channels, arkd, clock, deps } = world;
  await registerGold(test);
  await stockGold(world, 100n, 60n, 60n);
  await world.stock(100_000n, 100_000n);
  await world.stockFees(10);
  for (const { pubkey } of USERS) {
    arkd.fund(pubkey, 1_000n, [gold(UNITS)]);
    await world.fund({ pubkey } as TestKey, SATS - 1_000n);
  }
  const before = { units: arkd.totalUnits(GOLD.arkAssetId), sats: arkd.totalSats(), localMsat: lightning.localMsat };
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
      case "land":
        return untroubled(() => openLand(step));
      case "drive_land": {
        const land = landAt(step.land);
        return land === undefined ? undefined : world.driveLand(land.id, mortalDeps(deps, step));
      }
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
      if (isOver) return;
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
      const units = sum(got, ({ amount }) => amount) - sum(gave, ({ amount, fee }) => amount + fee);
      expect([pubkey, goldOf(world, pubkey)]).toEqual([pubkey, UNITS + units]);
      const sats = sum(got, ({ amountSats }) => amountSats) - BigInt(gave.length) * CARRIER_SATS;
      expect([pubkey, world.satsOf(pubkey)]).toEqual([pubkey, SATS + sats]);
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
    const movedUnits = sum(paidLands, ({ amount, fee }) => amount + fee) - sum(delivered, ({ amount }) => amount);
    expect(await world.balance("asset:ark", GOLD.assetId)).toBe(movedUnits);
    expect(await world.balance("asset:tapd", GOLD.assetId)).toBe(lightning.netUnits(GOLD.taprootAssetId));
    expect(await world.balance("asset:ln")).toBe(lightning.localMsat - before.localMsat);
    for (const assetId of [GOLD.assetId, "gBTC"]) {
      expect(await world.balance("liability:land", assetId)).toBe(0n);
      expect(await world.balance("receivable:lift", assetId)).toBe(0n);
    }
    expect(await test.database.select("SELECT vtxo_id, locked_by FROM vtxos WHERE locked_by IS NOT NULL")).toEqual([]);
  };

  return {
    take: (step: AssetLightningStep) => quietly(() => act(step)),
    settle,
    check,
    endings: async (): Promise<readonly string[]> => {
      const ids = [...lifts, ...lands.map(({ id }) => id)];
      return Promise.all(ids.map(async (id) => (await world.get(id)).status));
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
