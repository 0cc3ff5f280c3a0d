import { PassThrough } from "node:stream";

import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";
import { NO_SEALER } from "@arkrelay/runtime/no-sealer";

import { toReconcileDeps } from "../reconcile-deps";
import type { TaskContext } from "../task-handler";
import { openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";
import { cleanupExpiredSessionsTask } from "./cleanup-expired-sessions";
import { reconcileDaemonsTask } from "./reconcile-daemons";

const ALERT_MS = 900_000;
const CO_INPUT_MSAT = 1_000_000n;

let test: TestDatabase;
let world: CeremonyWorld;
let reconciling: ReturnType<typeof toReconcileDeps>;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
  const lightning = openLightningStores(test.database, NO_SEALER);
  reconciling = toReconcileDeps({
    database: test.database,
    ceremony: world.deps,
    lightning,
    lnd: undefined,
    tapd: undefined,
  });
  await world.stockFees(2);
  await reconcile();
});

const context = () =>
  ({
    payload: { v: 1 },
    signal: new AbortController().signal,
    log: createLogger({ service: "test", stream: new PassThrough().resume() }),
  }) as unknown as TaskContext<{ v: 1 }>;

/** What the schedule runs every five minutes; how many ceremonies it froze. */
async function sweep(): Promise<number> {
  const stuck = new DrizzleStuckCeremonies(test.database);
  const { result } = await cleanupExpiredSessionsTask({ ...world.deps, stuck }, ALERT_MS)(context());
  return (result as { readonly ceremonies_frozen: number }).ceremonies_frozen;
}

/** Throws nothing and finds nothing: the ledger is zero in all, and arkd has what it says. */
async function reconcile(): Promise<void> {
  const { result } = await reconcileDaemonsTask(reconciling)(context());
  const { compared } = result as { readonly compared: Readonly<Record<string, readonly object[]>> };
  expect(compared["arkd"]).toMatchObject([{ account: "asset:ark", delta: "0", drift: "0" }]);
  const balances = await reconciling.books.listBalances(GBTC);
  expect(balances.reduce((sum, each) => sum + each.balance, 0n)).toBe(0n);
}

const balanceOf = async (account: string): Promise<bigint> =>
  (await reconciling.books.listBalances()).find((each) => each.account === account)?.balance ?? 0n;

/** A transfer that arkd has accepted and whose owner signs nothing more. */
async function anAcceptedTransfer(): Promise<string> {
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const pay = { params: { asset_id: GBTC, amount: 40_000, recipient_pubkey: BOB.pubkey } };
  const { session } = await world.open(ALICE, pay);
  await world.drive(session.sessionId);
  await world.answer(ALICE, session.sessionId);
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({ ceremonyState: "accepted" });
  return session.sessionId;
}

it("the gateway's input of a transfer that does not become final is booked as frozen, once, and no difference shows", async () => {
  await anAcceptedTransfer();
  world.clock.advance(ALERT_MS - 60_000);
  expect(await sweep()).toBe(0);
  world.clock.advance(120_000);
  expect(await sweep()).toBe(1);
  expect(await balanceOf("suspense:frozen")).toBe(CO_INPUT_MSAT);
  expect(await balanceOf("asset:ark")).toBe(CO_INPUT_MSAT);
  await reconcile();
  expect(await sweep()).toBe(0);
  await reconcile();
  expect(await balanceOf("suspense:frozen")).toBe(CO_INPUT_MSAT);
});

it("it is the gateway's again with the fee when the transfer becomes final after all", async () => {
  const sessionId = await anAcceptedTransfer();
  world.clock.advance(ALERT_MS + 1_000);
  await sweep();
  await world.drive(sessionId);
  await world.answer(ALICE, sessionId);
  await world.drive(sessionId);
  expect(await world.getSession(sessionId)).toMatchObject({ status: "completed" });
  expect(await balanceOf("suspense:frozen")).toBe(0n);
  expect(await balanceOf("asset:ark")).toBe(2n * CO_INPUT_MSAT + 10_000n);
  await reconcile();
  expect(await sweep()).toBe(0);
});

it("a transfer that becomes final while it is swept is not frozen afterwards", async () => {
  const sessionId = await anAcceptedTransfer();
  world.clock.advance(ALERT_MS + 1_000);
  await world.drive(sessionId);
  await world.answer(ALICE, sessionId);
  // The list was read before; the row decides.
  const stuck = new DrizzleStuckCeremonies(test.database);
  const listed = await stuck.listUnfrozen(world.clock.now(), 10);
  expect(listed).toMatchObject([{ sessionId, gatewaySats: 1_000n, isPoisoned: false }]);
  await world.drive(sessionId);
  const stale = { list: () => Promise.resolve(listed), listUnfrozen: () => Promise.resolve(listed) };
  await cleanupExpiredSessionsTask({ ...world.deps, stuck: stale }, ALERT_MS)(context());
  expect(await balanceOf("suspense:frozen")).toBe(0n);
  await reconcile();
});

it("two sweeps at once freeze it once", async () => {
  await anAcceptedTransfer();
  world.clock.advance(ALERT_MS + 1_000);
  const [one, other] = await Promise.all([sweep(), sweep()]);
  expect(one + other).toBe(1);
  expect(await balanceOf("suspense:frozen")).toBe(CO_INPUT_MSAT);
  await reconcile();
});
