import { AppError } from "@arkrelay/core/errors";
import { cancelLift } from "@arkrelay/core/lightning/cancel-lift";
import { isLightningTerminal } from "@arkrelay/core/lightning/lightning-machine";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { isTerminal } from "@arkrelay/core/session/session";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import type { PayeeAnswer } from "@arkrelay/core/testing/in-memory-lightning-node";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "./ceremony-world";
import { attemptDrive, isCrash } from "./crash-process";
import { openLandWorld, type LandWorld, type PayeeInvoice } from "./land-world";
import { checkAlways, checkBooks, type RunFacts } from "./lightning-checks";
import type { LandRace, LiftRace, LightningStep, StepOf } from "./lightning-steps";
import { mortalDeps } from "./mortal-process";

const USERS = [testKey("user 1"), testKey("user 2"), testKey("user 3")];
const STOCK = [100_000n, 100_000n, 100_000n, 100_000n, 30_000n];
const COINS = [70_000n, 40_000n];
/** Time between two turns at the end, when most only wait for their invoices to run out. */
const PAUSE_MS_MAX = 400_000;
const HANGING_ROUNDS = 8;

interface OpenedLand {
  readonly id: string;
  readonly sessionId: string;
  readonly user: TestKey;
  readonly invoice: PayeeInvoice;
  readonly isAbandoned: boolean;
}

/** One random run: lifts and lands of a few users on a small stock, and whatever happens to them. */
export async function startLightningRun(test: TestDatabase) {
  const world = await openLandWorld(
    test,
    { liftOpenPerUser: 10, liftInvoiceExpirySeconds: 1_200 },
    { maxSessionsPerUser: 10 },
  );
  const { lightning, arkd, clock, deps } = world;
  const stockOwner = deps.wallet.keys.stock.pubkey;
  await world.stock(...STOCK);
  await world.stockFees(8);
  for (const user of USERS) await world.fund(user, ...COINS);
  const ungated = watchDeliveries(test, world);
  const facts: RunFacts = {
    users: USERS.map(({ pubkey }) => pubkey),
    fundedSats: COINS.reduce((sum, sats) => sum + sats, 0n),
    totalSats: arkd.totalSats(),
  };
  let addedStock = 0n;
  const lifts: string[] = [];
  const lands: OpenedLand[] = [];
  const userOf = (index: number): TestKey => USERS[index] ?? testKey("nobody");
  const inTx = test.database.transactions.run.bind(test.database.transactions);

  const payLift = async (id: string, step: StepOf<"pay_lift">): Promise<void> => {
    const { paymentHash, amountSats, bolt11 } = await world.get(id);
    if (bolt11 === undefined) await world.driveLift(id);
    const msat = step.isShort ? amountSats * 1000n - 1n : amountSats * 1000n + BigInt(step.excessMsat);
    lightning.receive(paymentHash, { partsMsat: [msat / 3n, msat - msat / 3n], blocks: step.blocks });
  };

  /** arkd fails once. */
  const failArkd = (fault: ArkdFault | null): void => {
    arkd.fault = (method) => {
      if (fault === null || (method === "read" && fault !== "unavailable")) return undefined;
      arkd.fault = () => undefined;
      return fault;
    };
  };
  const withFaults = async (
    step: StepOf<"drive_lift"> | StepOf<"drive_land">,
    drive: () => Promise<unknown>,
  ): Promise<void> => {
    failArkd(step.arkd);
    if (step.lnd !== null) world.faultOnce(step.lnd.call, step.lnd.fault);
    try {
      await drive();
    } finally {
      arkd.fault = () => undefined;
      lightning.fault = () => undefined;
    }
  };

  const callOffLift = async (id: string): Promise<unknown> => {
    const { sessionId, userPubkey } = await world.get(id);
    return inTx((tx) => cancelLift(deps, tx, { sessionId, caller: ownerCaller(userPubkey), reason: "no" }));
  };
  const hear = async (id: string): Promise<unknown> => {
    const { paymentHash } = await world.get(id);
    return (await lightning.lookupInvoice(paymentHash)) === undefined ? undefined : world.hear(paymentHash);
  };

  const answerOf = (step: StepOf<"open_land">): ((preimage: string) => PayeeAnswer) => {
    switch (step.payee) {
      case "pay":
        return (preimage) => ({ kind: "pay", preimage, feeMsat: 1_500n });
      case "dear":
        return (preimage) => ({ kind: "pay", preimage, feeMsat: 10_000_000n });
      case "no_route":
        return () => ({ kind: "fail", reason: "no_route" });
      case "refuses":
        return () => ({ kind: "fail", reason: "incorrect_payment_details" });
      case "hang":
        return () => ({ kind: "hang" });
    }
  };
  const openLand = async (step: StepOf<"open_land">): Promise<void> => {
    const quoted = step.isQuoted ? lands.at(-1) : undefined;
    const amount = quoted === undefined ? step.amount : Number((await world.get(quoted.id)).amountSats);
    const about = { amountMsat: BigInt(amount) * 1000n, expirySeconds: step.expirySeconds };
    const invoice = quoted?.invoice ?? world.invoice(about, answerOf(step));
    const user = userOf(step.user);
    const { operationId: id, sessionId } = await world.openLand(user, invoice.bolt11, { amount });
    lands.push({ id, sessionId, user, invoice, isAbandoned: step.isAbandoned });
  };
  /** The worker's turn at the ceremony, and the wallet's answer to what came of it. */
  const sign = async ({ sessionId, user, isAbandoned }: OpenedLand, step?: StepOf<"sign">): Promise<void> => {
    if (step === undefined) await attemptDrive(test, world, sessionId);
    else await attemptDrive(test, world, sessionId, { crashAt: step.crashAt, after: step.after, fault: step.arkd });
    if (isAbandoned) return;
    if ((await world.openChallenge(sessionId)) !== undefined) await world.answer(user, sessionId);
  };
  const callOffLand = ({ sessionId, user }: OpenedLand): Promise<unknown> =>
    inTx((tx) => cancelSession(deps, tx, { sessionId, caller: ownerCaller(user.pubkey), reason: "no" }));
  const resolve = ({ invoice: { paymentHash, preimage } }: OpenedLand, isPaid: boolean): void => {
    const answer = isPaid
      ? ({ kind: "pay", preimage, feeMsat: 1_000n } as const)
      : ({ kind: "fail", reason: "timeout" } as const);
    if (lightning.payees.get(paymentHash)?.kind !== "hang") return;
    lightning.payees.set(paymentHash, answer);
    if (lightning.isInFlight(paymentHash)) lightning.resolvePayment(paymentHash, answer);
  };

  const raceLift = (act: LiftRace, id: string): Promise<unknown> => {
    switch (act) {
      case "drive":
        return world.driveLift(id);
      case "drive_other":
        return world.driveLift(lifts.find((each) => each !== id) ?? id);
      case "hear":
        return hear(id);
      case "call_off":
        return callOffLift(id);
      case "expire":
        return expireSessions(deps, { limit: 100 });
      case "sync":
        return syncVtxos(deps, { ownerPubkey: stockOwner });
    }
  };
  const raceLand = (act: LandRace, land: OpenedLand): Promise<unknown> => {
    switch (act) {
      case "drive":
        return world.driveLand(land.id);
      case "drive_other":
        return world.driveLand(lands.find((each) => each !== land)?.id ?? land.id);
      case "sign":
        return sign(land);
      case "expire":
        return expireSessions(deps, { limit: 100 });
    }
  };

  const actOnLift = async (step: Extract<LightningStep, { lift: number }>): Promise<unknown> => {
    const id = lifts[step.lift % Math.max(lifts.length, 1)];
    if (id === undefined) return undefined;
    switch (step.kind) {
      case "pay_lift":
        return payLift(id, step);
      case "drive_lift":
        return withFaults(step, () => world.driveLift(id, mortalDeps(deps, step)));
      case "hear":
        return hear(id);
      case "call_off_lift":
        return callOffLift(id);
      case "race_lift":
        return Promise.all(step.acts.map((act) => quietly(() => raceLift(act, id))));
    }
  };
  const actOnLand = async (step: Extract<LightningStep, { land: number }>): Promise<unknown> => {
    const land = lands[step.land % Math.max(lands.length, 1)];
    if (land === undefined) return undefined;
    switch (step.kind) {
      case "sign":
        return sign(land, step);
      case "drive_land":
        return withFaults(step, () => world.driveLand(land.id, mortalDeps(deps, step)));
      case "call_off_land":
        return callOffLand(land);
      case "resolve":
        return resolve(land, step.isPaid);
      case "race_land":
        return Promise.all(step.acts.map((act) => quietly(() => raceLand(act, land))));
    }
  };
  const act = async (step: LightningStep): Promise<unknown> => {
    switch (step.kind) {
      case "start_lift": {
        const { operation } = await world.start(userOf(step.user).pubkey, { amount: BigInt(step.amount) });
        return lifts.push(operation.operationId);
      }
      case "open_land":
        return openLand(step);
      case "mine":
        return lightning.mine(step.blocks);
      case "advance":
        return clock.advance(step.seconds * 1000);
      case "chain":
        return (lightning.syncedToChain = step.isSynced);
      case "lnd_away": {
        let calls = step.calls;
        return (lightning.fault = () => (calls-- > 0 ? "unavailable" : undefined));
      }
      case "sync":
        return syncVtxos(deps, { ownerPubkey: USERS[step.user]?.pubkey ?? stockOwner });
      case "stock":
        addedStock += 50_000n;
        return arkd.fund(stockOwner, 50_000n);
      default:
        return "lift" in step ? actOnLift(step) : actOnLand(step);
    }
  };

  const openRows = async () => {
    const rows = await Promise.all([...lifts, ...lands.map(({ id }) => id)].map((id) => world.get(id)));
    return rows.filter((row) => !isLightningTerminal(row));
  };
  const endings = async (): Promise<readonly string[]> => {
    const rows = await Promise.all([...lifts, ...lands.map(({ id }) => id)].map((id) => world.get(id)));
    return rows.map(({ invoiceType, status }) => `${invoiceType} ${status}`);
  };
  /** One turn of everything that has not ended: wallets answer, workers drive. */
  const turn = async (): Promise<void> => {
    for (const land of lands) {
      const session = await world.getSession(land.sessionId);
      if (!isTerminal(session) && session.ceremonyState !== "finalized") await quietly(() => sign(land));
    }
    for (const { operationId, invoiceType } of await openRows()) {
      const drive = invoiceType === "lift" ? world.driveLift : world.driveLand;
      await quietly(() => drive(operationId));
    }
    await quietly(() => expireSessions(deps, { limit: 100 }));
  };

  return {
    take: async (step: LightningStep): Promise<void> => {
      await quietly(() => act(step));
      await checkAlways(test, world);
      expect(ungated).toEqual([]);
    },
    /** Daemons answer, payees decide, time passes, and everything is driven until it ends. */
    settleAll: async (): Promise<void> => {
      lightning.syncedToChain = true;
      lightning.fault = () => undefined;
      for (let round = 0; round < 200; round++) {
        // Until then what hangs is in flight: whoever gives it up or pays it elsewhere is found out now.
        if (round === HANGING_ROUNDS) for (const land of lands) resolve(land, land.invoice.paymentHash < "8");
        if ((await openRows()).length === 0) return;
        await turn();
        await checkAlways(test, world);
        expect(ungated).toEqual([]);
        clock.advance(Math.min(31_000 * 1.25 ** round, PAUSE_MS_MAX));
      }
      throw new Error(`they do not end: ${(await endings()).join(", ")}`);
    },
    check: async (): Promise<void> => {
      const ids = { lifts, lands: lands.map(({ id }) => id) };
      await checkBooks(test, world, ids, { ...facts, totalSats: facts.totalSats + addedStock });
    },
    endings,
  };
}

/**
 * Looks at lnd whenever a delivery is handed to arkd, first or again: the payment has to be held at that moment, with the blocks that
 * settling may take. Returns what was handed over without.
 */
function watchDeliveries({ database }: TestDatabase, { arkd, lightning, deps }: LandWorld): readonly string[] {
  const ungated: string[] = [];
  const submit = arkd.submitTx.bind(arkd);
  arkd.submitTx = async (input) => {
    const [delivery] = await database.select(
      `SELECT i.payment_hash FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id AND p.kind = 'lift' AND a.role = 'pay'
       JOIN lightning_invoices i ON i.operation_id = p.business_id WHERE a.signed_psbt = ?`,
      [input.signedArkTx],
    );
    if (delivery !== undefined) {
      const blocks = lightning.heldBlocksLeft(String(delivery["payment_hash"]));
      if (blocks < deps.lightningConfig.liftMinBlocksLeft)
        ungated.push(`${String(delivery["payment_hash"])}: ${blocks}`);
    }
    return submit(input);
  };
  return ungated;
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
