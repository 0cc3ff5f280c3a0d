import { AppError } from "@arkrelay/core/errors";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { openDatabase } from "./connection";
import { isDuplicateKey } from "./driver-errors";
import { readBigint } from "./row";
import { openTestDatabase, type TestDatabase } from "./testing/test-database";
import { connectionOf, writeLast, writeLater } from "./transactions";

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const run = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => test.database.transactions.run(work);

/** A row per name; a counter row is the simplest one to fight over. */
async function add(tx: Tx, name: string, n = 1): Promise<void> {
  await connectionOf(tx).write(
    "INSERT INTO counters (scope, subject, name, shard, n) VALUES ('test', '', ?, 0, ?) ON DUPLICATE KEY UPDATE n = n + VALUES(n)",
    [name, n],
  );
}

async function total(name: string): Promise<bigint | undefined> {
  const [row] = await test.database.select("SELECT n FROM counters WHERE scope = 'test' AND name = ?", [name]);
  return row === undefined ? undefined : readBigint(row, "n");
}

/** Resolves once `count` callers are here, so that each holds its first lock before any asks for its second. */
function meetingPoint(count: number): () => Promise<void> {
  let open: () => void;
  const met = new Promise<void>((resolve) => {
    open = resolve;
  });
  let waiting = 0;
  return () => {
    waiting++;
    if (waiting >= count) open();
    return met;
  };
}

describe("a transaction", () => {
  it("commits what it wrote, and nothing when its work throws", async () => {
    await run((tx) => add(tx, "kept"));
    const failing = run(async (tx) => {
      await add(tx, "dropped");
      throw new AppError("conflict");
    });
    await expect(failing).rejects.toMatchObject({ code: "conflict" });
    expect([await total("kept"), await total("dropped")]).toEqual([1n, undefined]);
  });

  it.each(["commits", "is undone"])(
    "does what is to follow its end once it %s, on its own connection again",
    async (end) => {
      const ending = run(async (tx) => {
        await add(tx, "first");
        test.database.transactions.afterEnd(tx, (isCommitted) => {
          expect(isCommitted).toBe(end === "commits");
          return run((later) => add(later, end));
        });
        if (end === "is undone") throw new AppError("conflict");
      });
      await ending.catch(() => undefined);
      expect([await total("first"), await total(end)]).toEqual([end === "commits" ? 1n : undefined, 1n]);
    },
  );

  it("is run again as a whole when it met a deadlock, so both sides take effect exactly once", async () => {
    await run(async (tx) => {
      await add(tx, "a");
      await add(tx, "b");
    });
    const bothHoldOne = meetingPoint(2);
    let runs = 0;
    const cross = (first: string, second: string) =>
      run(async (tx) => {
        runs++;
        await add(tx, first);
        await bothHoldOne();
        await add(tx, second);
      });
    await Promise.all([cross("a", "b"), cross("b", "a")]);
    expect({ runs, a: await total("a"), b: await total("b") }).toEqual({ runs: 3, a: 3n, b: 3n });
  });

  it("is run again when its work swallowed a deadlock, instead of committing the half after it", async () => {
    await run(async (tx) => {
      await add(tx, "a");
      await add(tx, "b");
    });
    const bothHoldOne = meetingPoint(2);
    const cross = (first: string, second: string) =>
      run(async (tx) => {
        await add(tx, first);
        await bothHoldOne();
        await add(tx, second).catch(() => undefined);
        await add(tx, `${first}-after`).catch(() => undefined);
      });
    await Promise.all([cross("a", "b"), cross("b", "a")]);
    const totals = await Promise.all(["a", "b", "a-after", "b-after"].map(total));
    expect(totals).toEqual([3n, 3n, 1n, 1n]);
  });

  it("gives up after three deadlocks with database_unavailable and leaves nothing behind", async () => {
    let runs = 0;
    const doomed = run(async (tx) => {
      runs++;
      await add(tx, "doomed");
      throw Object.assign(new Error("Deadlock found"), { errno: 1213 });
    });
    await expect(doomed).rejects.toMatchObject({ code: "database_unavailable" });
    expect({ runs, doomed: await total("doomed") }).toEqual({ runs: 3, doomed: undefined });
  });

  it("keeps what stands outside a savepoint whose work failed", async () => {
    await run(async (tx) => {
      await add(tx, "outside");
      const inner = test.database.transactions.savepoint(tx, async () => {
        await add(tx, "inside");
        throw new AppError("conflict");
      });
      await expect(inner).rejects.toMatchObject({ code: "conflict" });
      await test.database.transactions.savepoint(tx, () => add(tx, "second"));
    });
    expect([await total("outside"), await total("inside"), await total("second")]).toEqual([1n, undefined, 1n]);
  });

  it("refuses statements after it ended", async () => {
    let leaked: Tx | undefined;
    await run(async (tx) => {
      leaked = tx;
      await add(tx, "x");
    });
    await expect(add(leaked as Tx, "late")).rejects.toMatchObject({ code: "internal_error" });
    expect(await total("late")).toBeUndefined();
  });

  it("answers a duplicate key with its index, and stays usable", async () => {
    await run(async (tx) => {
      const insert = () => connectionOf(tx).write("INSERT INTO nip98_seen (event_id, expires_at) VALUES ('e', NOW(3))");
      await insert();
      const second = await insert().catch((error: unknown) => error);
      expect(isDuplicateKey(second, "uq_nip98_seen_event_id")).toBe(true);
      expect(isDuplicateKey(second, "another")).toBe(false);
      await add(tx, "after");
    });
    expect(await total("after")).toBe(1n);
  });
});

describe("writes that wait", () => {
  const text = "INSERT INTO counters (scope, subject, name, shard, n) VALUES ('test', '', ?, 0, 1)";

  it("take effect in their order with the next statement and with COMMIT, and a transaction of nothing else commits", async () => {
    await run(async (tx) => {
      writeLast(tx, "UPDATE counters SET n = n * 2 WHERE scope = 'test' AND name = ?", ["ordered"]);
      writeLater(tx, text, ["ordered"]);
      const [row] = await connectionOf(tx).select("SELECT n FROM counters WHERE scope = 'test' AND name = 'ordered'");
      expect(row && readBigint(row, "n")).toBe(1n);
      await add(tx, "ordered", 4);
    });
    await run(async (tx) => writeLater(tx, text, ["alone"]));
    expect([await total("ordered"), await total("alone")]).toEqual([10n, 1n]);
  });

  it("fail the whole transaction, even when the error of the statement they went with is swallowed", async () => {
    const swallowed = run(async (tx) => {
      await add(tx, "twice");
      writeLater(tx, text, ["twice"]);
      await add(tx, "innocent").catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow("duplicate key");
    const atCommit = run(async (tx) => {
      await add(tx, "innocent");
      writeLast(tx, text, ["innocent"]);
    });
    await expect(atCommit).rejects.toThrow("duplicate key");
    expect([await total("twice"), await total("innocent")]).toEqual([undefined, undefined]);
  });

  it("leave a statement behind them free to fail by itself", async () => {
    await run(async (tx) => {
      await add(tx, "there");
      writeLater(tx, text, ["waited"]);
      await expect(connectionOf(tx).write(text, ["there"])).rejects.toThrow("duplicate key");
    });
    expect([await total("there"), await total("waited")]).toEqual([1n, 1n]);
  });

  it("are undone with their savepoint", async () => {
    await run(async (tx) => {
      const inner = test.database.transactions.savepoint(tx, async () => {
        writeLater(tx, text, ["later"]);
        writeLast(tx, text, ["last"]);
        return Promise.reject(new AppError("conflict"));
      });
      await expect(inner).rejects.toMatchObject({ code: "conflict" });
      writeLast(tx, text, ["outside"]);
    });
    expect([await total("later"), await total("last"), await total("outside")]).toEqual([undefined, undefined, 1n]);
  });

  it("survive an idle connection that the server has closed", async () => {
    const own = openDatabase({ url: test.url, poolSize: 1, maxOverflow: 0 });
    const [row] = await own.select("SELECT CONNECTION_ID() AS id");
    await test.database.writeOnce(`KILL CONNECTION ${String(row?.["id"])}`);
    await own.transactions.run(async (tx) => writeLater(tx, text, ["after kill"]));
    expect(await total("after kill")).toBe(1n);
    await own.close();
  });
});

describe("a text with a semicolon", () => {
  it("is refused, while a value may have one", async () => {
    const twice = test.database.selectOnce("SELECT 1; SELECT 2");
    await expect(twice).rejects.toMatchObject({ code: "internal_error" });
    expect(await test.database.selectOnce("SELECT ? AS text", ["'; DROP TABLE counters; --"])).toEqual([
      { text: "'; DROP TABLE counters; --" },
    ]);
  });
});

describe("the pool", () => {
  it("answers database_unavailable when no connection is free in time, and works again afterwards", async () => {
    const small = openDatabase({ url: test.url, poolSize: 1, maxOverflow: 0, acquireTimeoutMs: 50 });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const busy = small.transactions.run(async () => held);
    await expect(small.ping()).rejects.toMatchObject({ code: "database_unavailable", retryAfterSeconds: 1 });
    release();
    await busy;
    await small.ping();
    expect(small.poolStats()).toMatchObject({ totalConnections: 1, activeConnections: 0, waiting: 0 });
    await small.close();
  });

  it("answers database_unavailable without a server, naming no secret", async () => {
    const nowhere = openDatabase({ url: "mysql://user:geheim@127.0.0.1:1/x", acquireTimeoutMs: 1_000 });
    const error = await nowhere.ping().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "database_unavailable" });
    expect(JSON.stringify(error) + String((error as AppError).internal)).not.toContain("geheim");
    await nowhere.close();
  });

  it("replaces a connection the server has closed, inside a transaction without harm", async () => {
    const own = openDatabase({ url: test.url, poolSize: 1, maxOverflow: 0 });
    const [row] = await own.select("SELECT CONNECTION_ID() AS id");
    await test.database.writeOnce(`KILL CONNECTION ${String(row?.["id"])}`);
    await own.transactions.run((tx) => add(tx, "after kill"));
    expect(await total("after kill")).toBe(1n);
    await own.close();
  });

  it("gives a connection whose statement took too long to nobody else, so late answers reach no one", async () => {
    const hasty = openDatabase({ url: test.url, poolSize: 1, maxOverflow: 0, statementTimeoutMs: 100 });
    const slow = "SELECT SLEEP(1) AS slow";
    await expect(hasty.select(slow)).rejects.toMatchObject({ code: "database_unavailable" });
    expect(await hasty.select("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    const inTransaction = hasty.transactions.run(async (tx) => {
      await add(tx, "undone");
      await connectionOf(tx).select(slow);
    });
    await expect(inTransaction).rejects.toMatchObject({ code: "database_unavailable" });
    expect(await hasty.select("SELECT 2 AS two")).toEqual([{ two: 2 }]);
    await hasty.close();
    // Waits for the lock of the row until the server has undone the insert.
    await run((tx) => add(tx, "undone"));
    expect(await total("undone")).toBe(1n);
  });

  it("runs every session READ COMMITTED, in UTC, with a short lock wait and strict values", async () => {
    const [row] = await test.database.select(
      "SELECT @@tx_isolation AS isolation, @@time_zone AS tz, @@innodb_lock_wait_timeout AS wait, @@sql_mode AS mode",
    );
    expect(row).toMatchObject({ isolation: "READ-COMMITTED", tz: "+00:00", wait: 5 });
    expect(row?.["mode"]).toContain("STRICT_TRANS_TABLES");
  });

  it("reports what it sends to its observer by kind", async () => {
    const kinds: string[] = [];
    const observed = openDatabase({ url: test.url, observeQuery: (kind) => kinds.push(kind) });
    await observed.transactions.run((tx) => add(tx, "seen"));
    await observed.orm.execute("SELECT 1");
    expect(kinds).toEqual(["insert", "commit", "select"]);
    await observed.close();
  });
});
