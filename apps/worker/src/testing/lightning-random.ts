import fc from "fast-check";

import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { MUST_HAPPEN } from "./lightning-happened";
import { startLightningRun } from "./lightning-run";
import { lightningSteps } from "./lightning-steps";

/** In the usual run, in two files of half of it each; `LIGHTNING_RUNS=5000 npm test -- lightning-random` for a long one. */
const RUNS_USUAL = 500;
/** With fewer, what is rare may not happen. */
const RUNS_TELLING = 200;
const SEED = process.env["LIGHTNING_SEED"];
const PATH = process.env["LIGHTNING_PATH"];
const FILES = 2;
/** The usual run takes the same histories every time, so that it fails by a change and not by chance; a run of another length takes new ones. */
const SEED_USUAL = 1_125;

function seedOf(part: number): number {
  if (SEED !== undefined) return Number(SEED);
  return process.env["LIGHTNING_RUNS"] === undefined ? SEED_USUAL + part : Date.now() + part;
}

/**
 * Declares the test. `part` tells the files apart, so that each takes other runs. A failure prints the seed and the path of the smallest
 * run that fails; `LIGHTNING_SEED` and `LIGHTNING_PATH` repeat it.
 */
export function testRandomRuns(part: number): void {
  const runs = Math.ceil(Number(process.env["LIGHTNING_RUNS"] ?? RUNS_USUAL) / FILES);
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  });
  afterAll(() => test.close());

  it("leaves no user short, pays nobody twice and books what arkd and lnd say, however lifts and lands are crashed, raced and cut off", async () => {
    const happened = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.noShrink(fc.nat()), lightningSteps, async (seed, taken) => {
        await test.empty();
        const run = await startLightningRun(test, seed);
        for (const step of taken) await run.take(step);
        await run.settleAll();
        await run.check();
        for (const what of await run.whatHappened()) happened.set(what, (happened.get(what) ?? 0) + 1);
      }),
      {
        numRuns: runs,
        seed: seedOf(part),
        ...(PATH === undefined ? {} : { path: PATH }),
        endOnFailure: SEED === undefined,
      },
    );
    if (process.env["LIGHTNING_RUNS"] !== undefined) report(happened);
    if (runs >= RUNS_TELLING && PATH === undefined)
      expect(MUST_HAPPEN.filter((what) => !happened.has(what))).toEqual([]);
  }, 3_600_000);
}

function report(happened: ReadonlyMap<string, number>): void {
  process.stderr.write(`${JSON.stringify(Object.fromEntries(happened))}\n`);
}
