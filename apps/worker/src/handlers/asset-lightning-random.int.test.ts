import fc from "fast-check";

import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { startAssetLightningRun } from "../testing/asset-lightning-run";
import { assetLightningStep } from "../testing/asset-lightning-steps";

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

it("lifts and lands of an asset lose and double no unit and no sat, whatever happens to them", async () => {
  const endings = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(assetLightningStep, { minLength: 15, maxLength: 40 }), async (steps) => {
      await test.empty();
      const run = await startAssetLightningRun(test);
      for (const step of steps) await run.take(step);
      await run.settle();
      await run.check();
      for (const ending of await run.endings()) endings.add(ending);
    }),
    { seed: 20_261_125, numRuns: 20, endOnFailure: true },
  );
  // A run in which nothing ends is none.
  expect([...endings].sort()).toEqual(expect.arrayContaining(["cancelled", "expired", "paid", "refunded"]));
}, 240_000);
