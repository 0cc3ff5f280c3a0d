import { checkLedger } from "@arkrelay/core/ledger/check-ledger";
import { gbtcPostings, landReceivedPostings, liftDeliveredPostings } from "@arkrelay/core/ledger/postings";
import { reconcileSource, type ExternalSource } from "@arkrelay/core/ledger/reconcile-source";
import type { Posting } from "@arkrelay/core/ports/ledger-store";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleLedgerBooks } from "./ledger-books";
import { DrizzleLedgerStore } from "./ledger-store";
import { DrizzleReconciliationStore } from "./reconciliation-store";

let test: TestDatabase;
let books: DrizzleLedgerBooks;
let reconciliations: DrizzleReconciliationStore;
const ledger = new DrizzleLedgerStore();
let now: Date;

beforeAll(async () => {
  test = await openTestDatabase({ poolSize: 20 });
  books = new DrizzleLedgerBooks(test.database);
  reconciliations = new DrizzleReconciliationStore(test.database);
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  const [row] = await test.database.select("SELECT NOW(3) AS at");
  now = row?.["at"] as Date;
});

const ARK = { account: "asset:ark", assetId: "gBTC" } as const;
const SIGNAL = new AbortController().signal;

const post = (businessId: string, postings: readonly Posting[]): Promise<boolean> =>
  test.database.transactions.run((tx) => ledger.post(tx, { kind: "test", businessId, memo: "", postings }));

const deps = () => ({
  transactions: test.database.transactions,
  ledger,
  books,
  reconciliations,
  clock: { now: () => now },
  bounded: <T>(work: Promise<T>): Promise<T> => work,
});

/** arkd as it would answer: `read` says how many msat it has. */
const arkdHas = (read: () => Promise<bigint>): ExternalSource => ({
  source: "arkd",
  listAccounts: async () => [ARK],
  read: async () => [{ ...ARK, external: await read(), explained: [], rounding: 0n }],
});

describe("posting", () => {
  it("the same event twice, also at once, books it once", async () => {
    const posted = await Promise.all(Array.from({ length: 8 }, () => post("op-1", liftDeliveredPostings(10n))));
    expect(posted.filter(Boolean)).toHaveLength(1);
    expect(await books.listBalances()).toMatchObject([
      { ...ARK, balance: -10_000n },
      { account: "receivable:lift", balance: 10_000n },
    ]);
  });

  it("to an account that is being compared waits until the cut is taken, and is not part of it", async () => {
    await post("before", landReceivedPostings(100n, 1n));
    let readings = 0;
    let waiting: Promise<boolean> | undefined;
    const rows = await reconcileSource(
      deps(),
      arkdHas(async () => {
        readings++;
        // Somebody posts during each reading; in the last one, which holds posting up, it cannot be done yet.
        if (readings < 3) await post(`during ${readings}`, landReceivedPostings(1n, 0n));
        else waiting = post("during the pause", landReceivedPostings(1n, 0n));
        return 103_000n;
      }),
    );
    expect(rows).toMatchObject([{ external: 103_000n, ledger: 103_000n, delta: 0n, drift: 0n }]);
    expect(await waiting).toBe(true);
    expect(await books.readPositions([ARK])).toMatchObject([{ balance: 104_000n }]);
  });

  it("goes on after a daemon that could not be read within the pause", async () => {
    const late = { ...deps(), bounded: () => Promise.reject(new Error("late")) };
    const busy = arkdHas(async () => {
      await post(`op ${Math.random()}`, landReceivedPostings(1n, 0n));
      return 0n;
    });
    // The third reading is never waited for; what it posts lies behind the pause.
    await expect(reconcileSource(late, busy)).rejects.toThrow("late");
    expect(await post("after", landReceivedPostings(1n, 0n))).toBe(true);
    expect(await reconciliations.listNewest()).toEqual([]);
  });
});

describe("the first reconciliation", () => {
  it("books what is there already as the operator's, once, and a later difference is none of its business", async () => {
    await post("fee", landReceivedPostings(0n, 10n));
    const first = await reconcileSource(
      deps(),
      arkdHas(() => Promise.resolve(5_010_000n)),
    );
    expect(first).toMatchObject([{ ledger: 5_010_000n, delta: 0n, drift: 0n }]);
    expect(await books.listBalances()).toContainEqual(
      expect.objectContaining({ account: "equity:operator", balance: -5_000_000n }),
    );
    for (const drift of [0n, -10_000n]) {
      const rows = await reconcileSource(
        deps(),
        arkdHas(() => Promise.resolve(5_000_000n)),
      );
      expect(rows).toMatchObject([{ delta: -10_000n, drift }]);
      await test.database.write("UPDATE reconciliations SET at = at - INTERVAL 15 MINUTE");
    }
    expect(await reconciliations.listNewest("gBTC")).toMatchObject([{ source: "arkd", drift: -10_000n }]);
    expect(await books.readPositions([ARK])).toMatchObject([{ balance: 5_010_000n }]);
  });
});

describe("the nightly check", () => {
  it("leaves checkpoints that balances go on from", async () => {
    await post("op-1", landReceivedPostings(100n, 1n));
    expect(await checkLedger(deps(), SIGNAL)).toMatchObject({ fromZero: true, unbalanced: [], differences: [] });
    await post("op-2", landReceivedPostings(200n, 1n));
    expect(await books.readPositions([ARK])).toMatchObject([{ balance: 302_000n }]);
    expect(await checkLedger(deps(), SIGNAL)).toMatchObject({ fromZero: false, unbalanced: [], differences: [] });
    const newest = await books.findNewestCheckpoints();
    expect(newest?.checkpoints).toContainEqual(expect.objectContaining({ key: ARK, balance: 302_000n }));
    expect(await books.readPositions([ARK])).toMatchObject([{ balance: 302_000n }]);
    // Without a posting between there is nothing new to write.
    expect(await checkLedger(deps(), SIGNAL)).toMatchObject({ unbalanced: [], differences: [] });
  });

  it("finds a transaction that is not zero, and again until it is repaired, because it leaves no checkpoint behind it", async () => {
    await post("op-1", landReceivedPostings(100n, 1n));
    await checkLedger(deps(), SIGNAL);
    await post(
      "op-2",
      gbtcPostings([
        ["asset:ark", 5n],
        ["equity:operator", -5n],
      ]),
    );
    const [row] = await test.database.select("SELECT MAX(transaction_id) AS id FROM ledger_postings");
    await test.database.write(
      "UPDATE ledger_postings SET amount = amount + 1 WHERE transaction_id = ? AND amount > 0",
      [Number(row?.["id"])],
    );
    for (let night = 1; night <= 2; night++) {
      expect(await checkLedger(deps(), SIGNAL)).toMatchObject({
        unbalanced: [BigInt(Number(row?.["id"]))],
        differences: [{ account: "*", assetId: "gBTC", drift: -1n }],
      });
    }
  });

  it("sums everything anew in the first check of a month, and so finds a checkpoint that lies", async () => {
    await post("op-1", landReceivedPostings(100n, 1n));
    await checkLedger(deps(), SIGNAL);
    await test.database.write(
      `UPDATE ledger_checkpoints c JOIN ledger_accounts a ON a.id = c.account_id SET c.balance = c.balance + 7
       WHERE a.account = 'asset:ark'`,
    );
    now = new Date(now.getTime() + 32 * 86_400_000);
    const check = await checkLedger(deps(), SIGNAL);
    expect(check.fromZero).toBe(true);
    expect(check.differences).toMatchObject([{ account: "checkpoint:asset:ark", ledger: 101_007n, drift: -7n }]);
  });
});
