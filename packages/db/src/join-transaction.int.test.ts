import { openDatabase, type Database } from "./connection";
import { readInteger } from "./row";
import { openTestDatabase, testDatabaseUrl, type TestDatabase } from "./testing/test-database";
import { connectionOf } from "./transactions";

let test: TestDatabase;
let small: Database;

beforeAll(async () => {
  test = await openTestDatabase();
  small = openDatabase({ url: testDatabaseUrl(), poolSize: 2, maxOverflow: 0, acquireTimeoutMs: 2_000 });
});
afterAll(async () => {
  await small.close();
  await test.close();
});
beforeEach(() => test.empty());

const insertRow = "INSERT INTO nostr_peers (pubkey, dm_scheme, last_seen) VALUES (?, 'nip44', NOW(3))";
const countRows = "SELECT COUNT(*) AS n FROM nostr_peers";
const countOn = async (database: Pick<Database, "select">): Promise<number> =>
  readInteger((await database.select(countRows))[0] ?? {}, "n");

it("reads inside a transaction see what it wrote, and the outside does not", async () => {
  await small.transactions.run(async (tx) => {
    await connectionOf(tx).write(insertRow, ["aa"]);
    expect(await countOn(small)).toBe(1);
    expect(await countOn(test.database)).toBe(0);
  });
  expect(await countOn(test.database)).toBe(1);
});

it("more transactions at once than connections, each reading in between, all finish", async () => {
  const work = Array.from({ length: 20 }, (_, index) =>
    small.transactions.run(async (tx) => {
      await countOn(small);
      await connectionOf(tx).write(insertRow, [`key ${index}`]);
      await countOn(small);
    }),
  );
  await Promise.all(work);
  expect(await countOn(small)).toBe(20);
});

it("is outside again after COMMIT, for what was started inside", async () => {
  let later: Promise<number> | undefined;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  await small.transactions.run(async (tx) => {
    await connectionOf(tx).write(insertRow, ["aa"]);
    later = gate.then(() => countOn(small));
  });
  release();
  expect(await later).toBe(1);
});

it("writes of the database inside a transaction are undone with it", async () => {
  const failing = small.transactions.run(async () => {
    await small.write(insertRow, ["aa"]);
    throw new Error("changed my mind");
  });
  await expect(failing).rejects.toThrow();
  expect(await countOn(test.database)).toBe(0);
});
