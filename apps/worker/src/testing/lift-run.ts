import { AppError } from "@arkrelay/core/errors";
import { cancelLift } from "@arkrelay/core/lightning/cancel-lift";
import { isLightningTerminal } from "@arkrelay/core/lightning/lightning-machine";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { testKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "./ceremony-world";
import { isCrash } from "./crash-process";
import { checkLiftAlways, checkLiftBooks } from "./lift-checks";
import type { LiftRace, LiftRunStep } from "./lift-steps";
import { openLiftWorld } from "./lift-world";
import { mortalDeps } from "./mortal-process";

const USERS = [testKey("lifter 1"), testKey("lifter 2"), testKey("lifter 3")];
const STOCK = [100_000n, 100_000n, 100_000n, 100_000n, 30_000n];

/** One random run: lifts of a few users on a small stock, and whatever happens to them. */
export async function startLiftRun(test: TestDatabase) {
  const world = await openLiftWorld(test, { liftOpenPerUser: 10 });
  const { lightning, arkd, clock, deps } = world;
  await world.stock(...STOCK);
  const sats = arkd.totalSats();
  let fundedSats = 0n;
  const ids: string[] = [];
  const idOf = (index: number): string | undefined => ids[index % Math.max(ids.length, 1)];
  const stockOwner = deps.wallet.keys.stock.pubkey;

  const start = async (user: number, amount: number): Promise<void> => {
    const { pubkey } = USERS[user] ?? testKey("nobody");
    const { operation } = await world.start(pubkey, { amount: BigInt(amount) });
    ids.push(operation.operationId);
  };
  const pay = async (id: string, step: Extract<LiftRunStep, { kind: "pay" }>): Promise<void> => {
    const { paymentHash, amountSats, bolt11 } = await world.get(id);
    if (bolt11 === undefined) await world.drive(id);
    const msat = step.isShort ? amountSats * 1000n - 1n : amountSats * 1000n + BigInt(step.excessMsat);
    lightning.receive(paymentHash, { partsMsat: [msat / 3n, msat - msat / 3n], blocks: step.blocks });
  };
  const drive = async (id: string, step: Extract<LiftRunStep, { kind: "drive" }>): Promise<void> => {
    const { arkd: arkdFault, lnd } = step;
    arkd.fault = (method) => {
      if (arkdFault === null || (method === "read" && arkdFault !== "unavailable")) return undefined;
      arkd.fault = () => undefined;
      return arkdFault;
    };
    if (lnd !== null) world.faultOnce(lnd.call, lnd.fault);
    try {
      await world.drive(id, mortalDeps(deps, step));
    } finally {
      arkd.fault = () => undefined;
      lightning.fault = () => undefined;
    }
  };
  const callOff = async (id: string): Promise<unknown> => {
    const { sessionId, userPubkey } = await world.get(id);
    const caller = ownerCaller(userPubkey);
    return test.database.transactions.run((tx) => cancelLift(deps, tx, { sessionId, caller, reason: "no" }));
  };
  const hear = async (id: string): Promise<unknown> => {
    const { paymentHash } = await world.get(id);
    return (await lightning.lookupInvoice(paymentHash)) === undefined ? undefined : world.hear(paymentHash);
  };
  const actOf = (act: LiftRace, id: string): Promise<unknown> => {
    switch (act) {
      case "drive":
        return world.drive(id);
      case "drive_other":
        return world.drive(ids.find((each) => each !== id) ?? id);
      case "hear":
        return hear(id);
      case "call_off":
        return callOff(id);
      case "expire":
        return expireSessions(deps, { limit: 100 });
      case "sync":
        return syncVtxos(deps, { ownerPubkey: stockOwner });
    }
  };
  const act = async (step: LiftRunStep): Promise<unknown> => {
    switch (step.kind) {
      case "start":
        return start(step.user, step.amount);
      case "mine":
        return lightning.mine(step.blocks);
      case "advance":
        return clock.advance(step.seconds * 1000);
      case "chain":
        return (lightning.syncedToChain = step.isSynced);
      case "sync":
        return syncVtxos(deps, { ownerPubkey: stockOwner });
      case "stock":
        fundedSats += 50_000n;
        return arkd.fund(stockOwner, 50_000n);
      default:
        return actOnLift(step);
    }
  };
  const actOnLift = async (step: Extract<LiftRunStep, { lift: number }>): Promise<unknown> => {
    const id = idOf(step.lift);
    if (id === undefined) return undefined;
    switch (step.kind) {
      case "pay":
        return pay(id, step);
      case "drive":
        return drive(id, step);
      case "hear":
        return hear(id);
      case "call_off":
        return callOff(id);
      case "race":
        return Promise.all(step.acts.map((each) => quietly(() => actOf(each, id))));
    }
  };

  return {
    take: async (step: LiftRunStep): Promise<void> => {
      await quietly(() => act(step));
      await checkLiftAlways(test, world);
    },
    /** Daemons answer, time passes, and lifts are driven until they end. */
    settleAll: async (): Promise<void> => {
      lightning.syncedToChain = true;
      for (let round = 0; round < 200; round++) {
        const open = [];
        for (const id of ids) if (!isLightningTerminal(await world.get(id))) open.push(id);
        if (open.length === 0) return;
        for (const id of open) await quietly(() => world.drive(id));
        await checkLiftAlways(test, world);
        clock.advance(31_000);
      }
      throw new Error(`lifts do not end: ${(await endings()).join(", ")}`);
    },
    check: async (): Promise<void> => {
      expect(arkd.totalSats()).toBe(sats + fundedSats);
      await syncVtxos(deps, { ownerPubkey: stockOwner });
      await checkLiftBooks(test, world, ids);
    },
    endings: () => endings(),
  };

  /** How often lifts ended in each way. */
  async function endings(): Promise<readonly string[]> {
    const rows = await Promise.all(ids.map((id) => world.get(id)));
    return rows.map(({ status, errorCode }) => [status, ...(errorCode === undefined ? [] : [errorCode])].join(" "));
  }
}

/** Refusals and deaths are what the run is made of; anything else is a bug. */
async function quietly(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (thrown) {
    if (isCrash(thrown)) return undefined;
    if (thrown instanceof AppError && thrown.code !== "internal_error") return undefined;
    throw thrown;
  }
}
