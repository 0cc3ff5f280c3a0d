import { MUST_HAPPEN } from "./lightning-happened";
import { startLightningRun } from "./lightning-run";
import { lightningSteps, type LightningStep } from "./lightning-steps";
import type { RandomModel } from "./random-runs";

/** Lifts and lands of sats. In the usual run two files of half of it each; `LIGHTNING_RUNS=5000 npm test -- lightning-random` for a long one. */
export const LIGHTNING_MODEL: RandomModel<LightningStep> = {
  guarantee:
    "leaves no user short, pays nobody twice and books what arkd and lnd say, however lifts and lands are crashed, raced and cut off",
  steps: lightningSteps,
  start: startLightningRun,
  variables: "LIGHTNING",
  usualRuns: 500,
  files: 2,
  tellingRuns: 200,
  mustHappen: MUST_HAPPEN,
};
