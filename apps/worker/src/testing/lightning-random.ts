import fc from "fast-check";

import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { startLightningRun } from "./lightning-run";
import { lightningStep } from "./lightning-steps";

/** In the usual run, in two files of half of it each; `LIGHTNING_RUNS=5000 npm test -- lightning-random` for a long one. */
const RUNS_USUAL = 500;
const SEED = process.env["LIGHTNING_SEED"];
const FILES = 2;

/** How rows end over a whole run: a model in which one of these never happens would prove less than it says. */
const MUST_HAPPEN = [
  "lift paid",
  "lift expired",
  "lift cancelled",
  "land paid",
  "land refunded",
  "land cancelled",
  "land expired",
];

/**
 * Declares the test. `part` tells the files apart, so that each takes other runs; `LIGHTNING_SEED` repeats one. A failure prints the
 * seed and the path of the smallest run that fails.
 */
export function testRandomRuns(part: number): void {
  const runs = Math.ceil(Number(process.env["LIGHTNING_RUNS"] ?? RUNS_USUAL) / FILES);
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  });
  afterAll(() => test.close());

  it("leaves no user short, pays nobody twice and books what arkd and lnd say, however lifts and lands are crashed, raced and cut off", async () => {
    const endings = new Map<string, number>();
    const seed = SEED === undefined ? Date.now() + part : Number(SEED);
    await fc.assert(
      fc.asyncProperty(fc.array(lightningStep, { minLength: 20, maxLength: 40 }), async (steps) => {
        await test.empty();
        const run = await startLightningRun(test);
        for (const step of steps) await run.take(step);
        await run.settleAll();
        await run.check();
        for (const ending of await run.endings()) endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
    if (process.env["LIGHTNING_RUNS"] !== undefined)
      process.stderr.write(`${JSON.stringify(Object.fromEntries(endings))}\n`);
    if (runs >= 100) expect(MUST_HAPPEN.filter((ending) => !endings.has(ending))).toEqual([]);
  }, 3_600_000);
}
