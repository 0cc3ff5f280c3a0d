import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { ALICE, GATEWAY, TEST_ARK_PARAMS, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { VtxoKind, VtxoScriptRow } from "@arkrelay/core/vtxo/vtxo";

import { readText } from "../row";
import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleVtxoStore } from "./vtxo-store";

let test: TestDatabase;
let store: DrizzleVtxoStore;

beforeAll(async () => {
  test = await openTestDatabase({ poolSize: 30 });
  store = new DrizzleVtxoStore(test.database);
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const EXPIRES_AT = new Date(Date.now() + 7 * 86_400_000);
const UNTIL = new Date(Date.now() + 300_000);
const ANY = { kind: "fee", minAmountSats: 1_000n, minExpiresAt: new Date(), count: 1 } as const;

const aVtxo = (script: VtxoScriptRow, name: string, changes: Partial<ArkVtxo> = {}): ArkVtxo => {
  const txid = testKey(name).pubkey;
  return {
    vtxoId: `${txid}:0`,
    txid,
    vout: 0,
    script: script.script,
    amountSats: 1_000n,
    createdAt: new Date(),
    expiresAt: EXPIRES_AT,
    isPreconfirmed: false,
    isSwept: false,
    isUnrolled: false,
    isSpent: false,
    spentBy: "",
    settledBy: "",
    arkTxid: "",
    commitmentTxids: [],
    assets: [],
    ...changes,
  };
};

const scriptOf = (owner: TestKey, kind: VtxoKind): Promise<VtxoScriptRow> =>
  test.database.transactions.run((tx) =>
    store.ensureScript(tx, { ...vtxoScriptFor(owner.pubkey, TEST_ARK_PARAMS, "regtest"), ...TEST_ARK_PARAMS, kind }),
  );

async function stock(
  kind: VtxoKind,
  owner: TestKey,
  count: number,
): Promise<{ script: VtxoScriptRow; vtxos: ArkVtxo[] }> {
  const script = await scriptOf(owner, kind);
  const vtxos = Array.from({ length: count }, (_, index) => aVtxo(script, `${kind} ${index}`));
  await reconcile(script, vtxos);
  return { script, vtxos };
}

const reconcile = (script: VtxoScriptRow, vtxos: readonly ArkVtxo[]): Promise<void> =>
  test.database.transactions.run((tx) =>
    store.upsert(
      tx,
      vtxos.map((vtxo) => ({ vtxo, script })),
      "reconcile",
    ),
  );

const pick = (session: string): Promise<string | undefined> =>
  test.database.transactions.run(async (tx) => (await store.lockGateway(tx, ANY, session, UNTIL))[0]?.vtxoId);

it("parallel pickers never share a VTXO, and the one too many gets none", async () => {
  await stock("fee", GATEWAY, 20);
  const picked = await Promise.all(Array.from({ length: 21 }, (_, index) => pick(`session ${index}`)));
  const got = picked.flatMap((each) => each ?? []);
  expect(got).toHaveLength(20);
  expect(new Set(got).size).toBe(20);
});

it.each([
  ["a quarter", 100, 75, true],
  ["less than a quarter", 100, 76, false],
])("stock with %s of its life left is fresh: %s hours of which %s are over, %s", async (_name, life, over, isFresh) => {
  const script = await scriptOf(GATEWAY, "stock");
  const now = new Date(1_800_000_000_000);
  const createdAt = new Date(now.getTime() - over * 3_600_000);
  const expiresAt = new Date(createdAt.getTime() + life * 3_600_000);
  await reconcile(script, [aVtxo(script, "stock", { createdAt, expiresAt })]);
  const freshness = { minExpiresAt: now, lifeLeft: { at: now, percent: 25 } };
  const query = { ...freshness, kind: "stock", minAmountSats: 1_000n, count: 1 } as const;
  expect(await store.sumFree(undefined, "stock", freshness)).toBe(isFresh ? 1_000n : 0n);
  const picked = await test.database.transactions.run((tx) => store.lockGateway(tx, query, "payout:1", UNTIL));
  expect(picked).toHaveLength(isFresh ? 1 : 0);
});

it("a picker waits for rows that a reconcile is just writing instead of finding none", async () => {
  const { script, vtxos } = await stock("fee", GATEWAY, 3);
  const changed = vtxos.map((vtxo) => ({ vtxo: { ...vtxo, isPreconfirmed: true }, script }));
  let picking: Promise<string | undefined> | undefined;
  await test.database.transactions.run(async (tx) => {
    await store.upsert(tx, changed, "reconcile");
    picking = pick("session 1");
    await untilSomebodyWaits();
  });
  expect(await picking).toBeDefined();
});

it("a reconcile writes nothing where arkd says what is known", async () => {
  const { script, vtxos } = await stock("fee", GATEWAY, 3);
  await test.database.write("UPDATE vtxos SET seen_at = '2026-01-01'");
  await reconcile(script, vtxos);
  const rows = await test.database.select("SELECT DISTINCT CAST(seen_at AS CHAR) AS seen FROM vtxos");
  expect(rows.map((row) => readText(row, "seen").slice(0, 10))).toEqual(["2026-01-01"]);
});

it("locks all of a user's inputs or none", async () => {
  const { vtxos } = await stock("user", ALICE, 3);
  const ids = vtxos.map((vtxo) => vtxo.vtxoId);
  const lock = (session: string, wanted: readonly string[]) =>
    test.database.transactions.run((tx) => store.lockFree(tx, wanted, session, UNTIL));
  expect(await lock("first", ids.slice(0, 1))).toBe(true);
  expect(await lock("second", ids)).toBe(false);
  const rows = await store.listByIds(undefined, ids);
  expect(rows.filter((row) => row.lockedBy === "second")).toEqual([]);
  expect(await lock("third", ids.slice(1))).toBe(true);
});

it("a spent VTXO never comes back to life, however old the read is that says so", async () => {
  const { script, vtxos } = await stock("user", ALICE, 1);
  const [vtxo] = vtxos;
  await test.database.transactions.run((tx) => store.markSpent(tx, [vtxo?.vtxoId ?? ""], "ab".repeat(32), new Date()));
  await reconcile(script, vtxos);
  expect((await store.listByIds(undefined, [vtxo?.vtxoId ?? ""]))[0]?.status).toBe("spent");
});

it("a reconcile leaves an input alone whose session was handed to arkd", async () => {
  const { script, vtxos } = await stock("user", ALICE, 1);
  const ids = vtxos.map((vtxo) => vtxo.vtxoId);
  await test.database.transactions.run(async (tx) => {
    await store.lockFree(tx, ids, "session", UNTIL);
    await store.extendLocks(tx, "session", null);
  });
  await reconcile(
    script,
    vtxos.map((vtxo) => ({ ...vtxo, isSpent: true, arkTxid: "cd".repeat(32) })),
  );
  expect((await store.listByIds(undefined, ids))[0]).toMatchObject({ status: "assigned", lockedBy: "session" });
});

/** Until another connection has been held up in its picking statement; bounded by the test's own timeout. */
async function untilSomebodyWaits(): Promise<void> {
  const held = `SELECT COUNT(*) AS n FROM information_schema.processlist
    WHERE id <> CONNECTION_ID() AND db = DATABASE() AND info LIKE 'SELECT%FOR UPDATE%' AND time_ms > 20`;
  for (;;) {
    const [row] = await test.database.select(held);
    if (Number(row?.["n"]) > 0) return;
  }
}
