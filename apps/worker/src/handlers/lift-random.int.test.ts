import fc from "fast-check";

import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { startLiftRun } from "../testing/lift-run";
import { liftStep } from "../testing/lift-steps";

/** A sample in the usual run; `LIFT_RUNS=500 npm test -- lift-random` for the long one, `LIFT_SEED` to repeat one. */
const RUNS = Number(process.env["LIFT_RUNS"] ?? 12);
const SEED = process.env["LIFT_SEED"];

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

it("leaves no user short, pays nobody twice and books what arkd and lnd say, however lifts are crashed, raced and cut off", async () => {
  const endings = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(liftStep, { minLength: 25, maxLength: 60 }), async (steps) => {
      await test.empty();
      const run = await startLiftRun(test);
      for (const step of steps) await run.take(step);
      await run.settleAll();
      await run.check();
      for (const ending of await run.endings()) endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }), endOnFailure: true },
  );
  if (process.env["LIFT_RUNS"] !== undefined) process.stderr.write(`${JSON.stringify(Object.fromEntries(endings))}\n`);
  // A model in which nothing is paid would prove nothing.
  const paid = endings.get("paid") ?? 0;
  const ended = [...endings.values()].reduce((sum, n) => sum + n, 0);
  expect(paid).toBeGreaterThan(RUNS / 3);
  expect(ended - paid).toBeGreaterThan(RUNS / 3);
}, 3_600_000);
