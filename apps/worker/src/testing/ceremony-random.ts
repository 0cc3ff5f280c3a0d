import { MUST_HAPPEN } from "./ceremony-happened";
import { startCeremonyRun } from "./ceremony-run";
import { ceremonySteps, type CeremonyStep } from "./ceremony-steps";
import type { RandomModel } from "./random-runs";

/** Every kind of ceremony, together. In the usual run two files of half of it each; `CEREMONY_RUNS=2000 npm test -- ceremony-random` for a long one. */
export const CEREMONY_MODEL: RandomModel<CeremonyStep> = {
  guarantee:
    "conserves sats and units, takes from nobody more than it signed for, ends every session and tells one outcome per action, however ceremonies are attacked, crashed and raced",
  steps: ceremonySteps,
  start: startCeremonyRun,
  variables: "CEREMONY",
  usualRuns: 500,
  files: 2,
  tellingRuns: 200,
  mustHappen: MUST_HAPPEN,
};
