import fc from "fast-check";

import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

/** One random history, taken step by step. */
export interface RandomRun<Step> {
  take(step: Step): Promise<void>;
  /** Daemons answer, time passes, and everything is driven until it ends. */
  settleAll(): Promise<void>;
  /** What must hold however it went. */
  check(): Promise<void>;
  /** What came about, for `mustHappen`. */
  whatHappened(): Promise<readonly string[]>;
}

/** What random runs are made of, and what they prove. */
export interface RandomModel<Step> {
  readonly guarantee: string;
  readonly steps: fc.Arbitrary<readonly Step[]>;
  readonly start: (test: TestDatabase, seed: number) => Promise<RandomRun<Step>>;
  /** `<variables>_RUNS` takes another number of runs than usual, `<variables>_SEED` and `<variables>_PATH` repeat one. */
  readonly variables: string;
  /** Over all files that share the model. */
  readonly usualRuns: number;
  readonly files: number;
  /** With fewer runs in a file what is rare may not happen. */
  readonly tellingRuns: number;
  /** What all runs of a file together have to have seen: a model in which one of these never happens proves less than it says. */
  readonly mustHappen: readonly string[];
}

/** The usual run takes the same histories every time, so that it fails by a change and not by chance; a run of another length takes new ones. */
const USUAL_SEED = 1_125;

/**
 * Declares the test. `part` tells the files of a model apart, so that each takes other runs. A failure prints the seed and the path of
 * the smallest run that fails.
 */
export function testRandomRuns<Step>(model: RandomModel<Step>, part = 1): void {
  const [wantedRuns, wantedSeed, path] = ["RUNS", "SEED", "PATH"].map(
    (name) => process.env[`${model.variables}_${name}`],
  );
  const runs = Math.ceil(Number(wantedRuns ?? model.usualRuns) / model.files);
  const newSeed = wantedRuns === undefined ? USUAL_SEED : Date.now();
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  });
  afterAll(() => test.close());

  it(
    model.guarantee,
    async () => {
      const happened = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(fc.noShrink(fc.nat()), model.steps, async (seed, taken) => {
          await test.empty();
          const run = await model.start(test, seed);
          for (const step of taken) await run.take(step);
          await run.settleAll();
          await run.check();
          for (const what of await run.whatHappened()) happened.set(what, (happened.get(what) ?? 0) + 1);
        }),
        {
          numRuns: runs,
          seed: wantedSeed === undefined ? newSeed + part : Number(wantedSeed),
          ...(path === undefined ? {} : { path }),
          endOnFailure: wantedSeed === undefined,
        },
      );
      if (wantedRuns !== undefined) report(happened);
      if (runs >= model.tellingRuns && path === undefined) {
        expect(model.mustHappen.filter((what) => !happened.has(what))).toEqual([]);
      }
    },
    3_600_000,
  );
}

function report(happened: ReadonlyMap<string, number>): void {
  process.stderr.write(`${JSON.stringify(Object.fromEntries(happened))}\n`);
}
