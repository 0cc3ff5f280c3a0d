import type { HeldLease } from "@arkrelay/runtime/lease-runner";
import { runUnderLease } from "@arkrelay/runtime/lease-runner";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleLeaseStore } from "./lease-store";
import { DrizzleServerInfoStore } from "./server-info-store";
import { DrizzleServiceStateStore } from "./service-state-store";
import { DrizzleStreamCursorStore } from "./stream-cursor-store";

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const LEASE_MS = 15_000;
/** As the database's clock would let the lease lapse. */
const letLapse = () => test.database.write("UPDATE leases SET expires_at = NOW(3) - INTERVAL 1 SECOND");

/** The signal may have fired before anybody listens: a renewal can notice the loss at any moment. */
function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

describe("a lease", () => {
  const leases = () => new DrizzleLeaseStore(test.database);

  it("is given to exactly one of many who ask at once, also the first time", async () => {
    for (let round = 0; round < 3; round++) {
      const asked = await Promise.all(
        Array.from({ length: 8 }, (_, i) => leases().acquire("scheduler", `p${i}`, LEASE_MS)),
      );
      const held = asked.filter((lease) => lease !== undefined);
      expect(held.map(({ token }) => token)).toEqual([round + 1]);
      await letLapse();
    }
  });

  it("cannot be renewed or given back by a holder it was taken from, and its token grows", async () => {
    const first = (await leases().acquire("nostr", "a", LEASE_MS)) as HeldLease;
    expect(await leases().acquire("nostr", "b", LEASE_MS)).toBeUndefined();
    await letLapse();
    const second = (await leases().acquire("nostr", "b", LEASE_MS)) as HeldLease;
    expect(second.token).toBe(first.token + 1);
    expect(await leases().renew(first, LEASE_MS)).toBe(false);
    await leases().release(first);
    expect(await leases().find("nostr")).toMatchObject({ holder: "b", isHeld: true });
    expect(await leases().renew(second, LEASE_MS)).toBe(true);
  });

  it("is free for the next one as soon as it is released", async () => {
    const first = (await leases().acquire("nostr", "a", LEASE_MS)) as HeldLease;
    await leases().release(first);
    expect(await leases().acquire("nostr", "b", LEASE_MS)).toMatchObject({ token: 2 });
  });

  it("never lets two runners work at the same time while leadership moves between them", async () => {
    const stop = new AbortController();
    let working = 0;
    let most = 0;
    const tokens: number[] = [];
    const runner = (holder: string) =>
      runUnderLease(
        { store: leases(), name: "race", holder, leaseMs: LEASE_MS, renewMs: 1, signal: stop.signal },
        async (leadership) => {
          most = Math.max(most, ++working);
          tokens.push(leadership.token);
          if (tokens.length >= 6) stop.abort();
          await test.database.ping();
          working--;
        },
      );
    await Promise.all([runner("a"), runner("b"), runner("c")]);
    expect(most).toBe(1);
    expect(tokens).toEqual(tokens.map((_, i) => i + 1));
  });

  it("aborts the work of a runner whose lease was taken", async () => {
    const stop = new AbortController();
    const runner = runUnderLease(
      { store: leases(), name: "lost", holder: "a", leaseMs: LEASE_MS, renewMs: 5, signal: stop.signal },
      async (leadership) => {
        await letLapse();
        await leases().acquire("lost", "b", LEASE_MS);
        await untilAborted(leadership.signal);
        stop.abort();
      },
    );
    await runner;
    expect(await leases().find("lost")).toMatchObject({ holder: "b", isHeld: true });
  });
});

describe("a stream cursor", () => {
  it("commits with its effect and refuses a former leader's token, with that leader's whole transaction", async () => {
    const cursors = new DrizzleStreamCursorStore(test.database);
    const { transactions } = test.database;
    await transactions.run((tx) => cursors.save(tx, "arkd", "10", 1));
    await transactions.run((tx) => cursors.save(tx, "arkd", "20", 2));
    await expect(transactions.run((tx) => cursors.save(tx, "arkd", "15", 1))).rejects.toMatchObject({
      code: "wrong_state",
    });
    expect(await cursors.find("arkd")).toBe("20");
    await transactions.run((tx) => cursors.save(tx, "arkd", "30", 2));
    expect(await cursors.find("arkd")).toBe("30");
  });
});

describe("service state", () => {
  it("keeps an operator's choice over the first wish of a later start, and counts restarts", async () => {
    const states = new DrizzleServiceStateStore(test.database);
    expect(await states.ensure("nostr", "running")).toMatchObject({ desiredState: "running", restartId: 0 });
    await states.setDesired("nostr", "stopped");
    expect(await states.ensure("nostr", "running")).toMatchObject({ desiredState: "stopped" });
    expect([await states.raiseRestart("vtxo"), await states.raiseRestart("vtxo")]).toEqual([1, 2]);
    await states.setActual("redis", { epoch: "e1" });
    expect(await states.find("redis")).toMatchObject({ actual: { epoch: "e1" } });
  });

  it("gives no two requests for new connections one number, whichever daemons they are for", async () => {
    const states = new DrizzleServiceStateStore(test.database);
    const daemons = ["arkd", "lnd", "tapd"];
    const raise = (daemon: string) =>
      test.database.transactions.run((tx) => states.raiseDaemonRestart(tx, daemon, daemons));
    const ids = await Promise.all(["lnd", "arkd", "lnd", "lnd", "arkd"].map(raise));
    expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    const newest = await states.listRestarts(daemons);
    expect([...newest.keys()].toSorted()).toEqual(["arkd", "lnd"]);
    expect(Math.max(...newest.values())).toBe(5);
  });
});

describe("server info", () => {
  it("keeps the keys that were seen first while the parameters change", async () => {
    const infos = new DrizzleServerInfoStore(test.database);
    await infos.save("arkd", "d1", { dust: 330 }, ["k1"]);
    await infos.save("arkd", "d2", { dust: 400 }, ["k2"]);
    expect(await infos.find("arkd")).toMatchObject({ digest: "d2", info: { dust: 400 }, pinnedKeys: ["k1"] });
  });
});
