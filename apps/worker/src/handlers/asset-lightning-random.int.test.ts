import { startAssetLightningRun } from "../testing/asset-lightning-run";
import { assetLightningSteps } from "../testing/asset-lightning-steps";
import { testRandomRuns } from "../testing/random-runs";

/** `ASSET_LIGHTNING_RUNS=1000 npm test -- asset-lightning-random` for a long one. */
testRandomRuns({
  guarantee:
    "lifts, lands and mints of an asset lose and double no unit and no sat, and give none away that tapd has not",
  steps: assetLightningSteps,
  start: startAssetLightningRun,
  variables: "ASSET_LIGHTNING",
  usualRuns: 60,
  files: 1,
  tellingRuns: 60,
  mustHappen: [
    "lift paid",
    "lift lost",
    "lift expired",
    "lift cancelled",
    "killed delivery",
    "land paid",
    "land refunded",
    "mint minted",
    "mint refused",
    "mint put off",
  ],
});
