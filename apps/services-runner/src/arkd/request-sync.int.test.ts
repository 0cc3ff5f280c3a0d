import type { Wake } from "@arkrelay/core/ports/waker";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { systemRandom } from "@arkrelay/runtime/random";

import { requestSync } from "./request-sync";

const OWNER = "ab".repeat(32);

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(() => testDatabase.empty());

function aDeps() {
  const wakes: Wake[] = [];
  const clock = { nowMs: 1_790_000_001_000, now: () => new Date(clock.nowMs) };
  const { database } = testDatabase;
  const insert = { jobs: new DrizzleJobStore(database), random: systemRandom, clock, pendingJobsMax: 1 };
  const waker = { wake: (more: readonly Wake[]) => Promise.resolve(void wakes.push(...more)) };
  return { wakes, clock, deps: { insert, transactions: database.transactions, waker } };
}

test("after every hint the key is read once more, and never more often than every ten seconds", async () => {
  const { deps, wakes, clock } = aDeps();
  for (let i = 0; i < 5; i++) await requestSync(deps, OWNER, "hint");
  expect(wakes.map((wake) => wake.runAt.getTime())).toEqual([1_790_000_001_000, 1_790_000_010_000]);
  clock.nowMs += 10_000;
  await requestSync(deps, OWNER, "hint");
  expect(wakes.map((wake) => wake.runAt.getTime()).at(-1)).toBe(1_790_000_020_000);
});

test("a routine reading is content with a recent one, and other keys have their own", async () => {
  const { deps, wakes } = aDeps();
  await requestSync(deps, OWNER, "hint");
  await requestSync(deps, OWNER, "routine");
  expect(wakes).toHaveLength(1);
  await requestSync(deps, "cd".repeat(32), "routine");
  expect(wakes).toHaveLength(2);
});
