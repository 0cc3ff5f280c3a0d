import fc from "fast-check";

import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { startCrashRun } from "../testing/crash-run";
import { crashStep } from "../testing/crash-steps";

/** A sample in the usual run; `CEREMONY_RUNS=500 npm test -- ceremony-crash` for the long one, `CEREMONY_SEED` to repeat one. */
const RUNS = Number(process.env["CEREMONY_RUNS"] ?? 12);
const SEED = process.env["CEREMONY_SEED"];

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

it("conserves sats and units, ends every session, frees every lock and tells one outcome per action, however it is crashed", async () => {
  const endings = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(crashStep, { minLength: 20, maxLength: 50 }), async (steps) => {
      await test.empty();
      const run = await startCrashRun(test);
      for (const step of steps) await run.take(step);
      await run.settleAll();
      await run.check();
      for (const ending of await run.endings()) endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }), endOnFailure: true },
  );
  if (process.env["CEREMONY_RUNS"] !== undefined)
    process.stderr.write(`${JSON.stringify(Object.fromEntries(endings))}\n`);
  // A model in which nothing settles would prove nothing.
  const completedUnits = endings.get("gUSD completed") ?? 0;
  const completed = completedUnits + (endings.get("gBTC completed") ?? 0);
  const ended = [...endings.values()].reduce((sum, n) => sum + n, 0);
  expect(completed).toBeGreaterThan(RUNS / 3);
  expect(completedUnits).toBeGreaterThan(RUNS / 12);
  expect(ended - completed).toBeGreaterThan(RUNS / 3);
}, 3_600_000);
