import { isLightningTerminal } from "@arkrelay/core/lightning/lightning-machine";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { createDaemonTrouble } from "./daemon-trouble";
import { watchDeliveries } from "./delivery-watch";
import { createInvoiceFeed } from "./invoice-feed";
import { openLandWorld } from "./land-world";
import { checkAlways } from "./lightning-always";
import { checkBooks, checkReconciliation, type RunFacts } from "./lightning-checks";
import { readHappened } from "./lightning-happened";
import type { LightningStep } from "./lightning-steps";
import { quietly } from "./quietly";
import { createRandomLands, isPaidInTheEnd, TOP_INDEX } from "./random-lands";
import { createRandomLifts } from "./random-lifts";
import { openReconciliation } from "./reconciliation";
import { seededRandom } from "./seeded-random";

const USERS = [testKey("user 1"), testKey("user 2"), testKey("user 3")];
const STOCK = [100_000n, 100_000n, 100_000n, 100_000n, 30_000n];
const COINS = [70_000n, 40_000n];
/** Time between two turns at the end, when most only wait for their invoices to run out. */
const PAUSE_MS_MAX = 400_000;
const HANGING_ROUNDS = 3;
const ROUNDS_MAX = 200;
/** More payments than a restored node has forgotten, and longer than any invoice of a run lives. */
const REGROWTH = { payments: 500n, ms: 2 * 3_600_000 };

/** What the gateway does not hear of: nothing of it changes. */
const SILENT: ReadonlySet<LightningStep["kind"]> = new Set([
  "mine",
  "advance",
  "chain",
  "away",
  "stock",
  "resolve",
  "pay_elsewhere",
]);

/** One random run: lifts and lands of a few users on a small stock, and whatever happens to them. */
export async function startLightningRun(test: TestDatabase, seed: number) {
  const world = await openLandWorld(
    test,
    { liftOpenPerUser: 10, liftInvoiceExpirySeconds: 1_200, liftDeliveryGraceMs: 600_000 },
    { maxSessionsPerUser: 10 },
    seededRandom(seed),
  );
  const { lightning, arkd, clock, deps } = world;
  const stockOwner = deps.wallet.keys.stock.pubkey;
  lightning.skipPayments(TOP_INDEX.before);
  await world.stock(...STOCK);
  await world.stockFees(8);
  await Promise.all(USERS.map((user) => world.fund(user, ...COINS)));
  const reconciliation = openReconciliation(test, world);
  await reconciliation.run();
  const facts: Omit<RunFacts, "addedSats"> = {
    users: USERS.map(({ pubkey }) => pubkey),
    fundedSats: COINS.reduce((sum, sats) => sum + sats, 0n),
    totalSats: arkd.totalSats(),
    opening: { ark: await world.balance("asset:ark"), ln: await world.balance("asset:ln") },
  };
  const ungated = watchDeliveries(test, world);
  const trouble = createDaemonTrouble(world);
  const feed = createInvoiceFeed(test, world);
  const lifts = createRandomLifts(test, world, { feed, trouble });
  const lands = createRandomLands(test, world);
  let addedSats = 0n;
  const userOf = (index: number): TestKey => USERS[index] ?? testKey("nobody");

  const act = async (step: LightningStep): Promise<unknown> => {
    switch (step.kind) {
      case "start_lift":
        return lifts.start(userOf(step.user), step);
      case "open_land":
        return lands.open(userOf(step.user), step);
      case "listen":
        return feed.listen(step.events, step.dies);
      case "repeat":
        return feed.repeat(step.event);
      case "mine":
        return lightning.mine(step.blocks);
      case "advance":
        return clock.advance(step.seconds * 1000);
      case "chain":
        return (lightning.syncedToChain = step.isSynced);
      case "away":
        return trouble.leave(step.daemon, step.calls);
      case "restore_node":
        return lands.restoreNode();
      case "sync":
        return syncVtxos(deps, { ownerPubkey: USERS[step.user]?.pubkey ?? stockOwner });
      case "stock":
        addedSats += 50_000n;
        return arkd.fund(stockOwner, 50_000n);
      case "reconcile":
        return reconciliation.run();
      default:
        return "lift" in step ? lifts.act(step) : lands.act(step);
    }
  };
  /** Nothing has left the node's channels but what the gateway sent and the node knows of. */
  const isOnlyOurs = (): boolean => lands.paidElsewhere.size === 0 && lands.forgotten.size === 0;
  const checkNow = async (): Promise<void> => {
    await checkAlways(test, world);
    expect(ungated).toEqual([]);
    if (isOnlyOurs()) expect(reconciliation.drifts).toEqual([]);
  };

  const allRows = (): Promise<readonly LightningOperation[]> =>
    Promise.all([...lifts.ids, ...lands.lands.map(({ id }) => id)].map((id) => world.get(id)));
  /** Nobody can say what became of a payment that its node has forgotten. */
  const isHonestlyUnknown = ({ operationId, status, unknownSince }: LightningOperation): boolean =>
    lands.forgotten.has(operationId) && status === "in_flight" && unknownSince !== undefined;
  const openRows = async () => (await allRows()).filter((row) => !isLightningTerminal(row) && !isHonestlyUnknown(row));
  /** When the last drive of a row wanted the next one. */
  const dueAt = new Map<string, Date>();
  /** One turn of everything that has not ended: wallets answer, and workers drive what is due. */
  const turn = async (): Promise<void> => {
    await lands.openRoutes();
    for (const land of lands.lands) {
      if (await lands.isSigning(land)) await quietly(() => lands.sign(land));
    }
    for (const row of await allRows()) {
      if (isLightningTerminal(row) || (dueAt.get(row.operationId) ?? clock.now()) > clock.now()) continue;
      const drive = row.invoiceType === "lift" ? world.driveLift : world.driveLand;
      const nextAt = await quietly(() => drive(row.operationId));
      if (nextAt instanceof Date) dueAt.set(row.operationId, nextAt);
      else dueAt.delete(row.operationId);
    }
    await quietly(() => expireSessions(deps, { limit: 100 }));
    await checkNow();
  };
  const settleRows = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      // Until then what hangs is in flight: whoever gives it up or pays it elsewhere is found out now.
      if (round === HANGING_ROUNDS) for (const land of lands.lands) lands.resolve(land, isPaidInTheEnd(land));
      if ((await openRows()).length === 0) return;
      await turn();
      clock.advance(Math.min(31_000 * 2 ** round, PAUSE_MS_MAX));
    }
    const rows = await openRows();
    throw new Error(`they do not end: ${rows.map((row) => `${row.status} ${row.lastError}`).join(", ")}`);
  };

  return {
    take: async (step: LightningStep): Promise<void> => {
      const { sentTwice } = lightning;
      const met = { arkd: "arkd" in step ? step.arkd : null, lnd: "lnd" in step ? step.lnd : null };
      await trouble.during(met, () => quietly(() => act(step)));
      // lnd would refuse it, as long as it remembers: whoever is alone looks first.
      if (step.kind !== "race_land") expect(lightning.sentTwice).toBe(sentTwice);
      if (!SILENT.has(step.kind)) await checkNow();
    },
    /** Daemons answer, payees decide, time passes, and everything is driven until it ends or can be known by nobody. */
    settleAll: async (): Promise<void> => {
      trouble.end();
      lightning.syncedToChain = true;
      await settleRows();
      // What others sent ends too.
      for (const land of lands.lands) lands.resolve(land, isPaidInTheEnd(land));
      if ((await allRows()).every((row) => isLightningTerminal(row))) return;
      lightning.skipPayments(REGROWTH.payments);
      for (let round = 0; round < 2; round++) {
        clock.advance(REGROWTH.ms);
        await turn();
      }
      await settleRows();
    },
    check: async (): Promise<void> => {
      const ended = {
        lifts: await Promise.all(lifts.ids.map((id) => world.get(id))),
        lands: await Promise.all(lands.lands.map(({ id }) => world.get(id))),
        paidElsewhere: lands.paidElsewhere,
        forgotten: lands.forgotten,
      };
      await checkBooks(test, world, ended, { ...facts, addedSats });
      await checkReconciliation(world, ended, reconciliation);
    },
    whatHappened: async () => readHappened(test, await allRows(), lands.paidElsewhere),
  };
}
