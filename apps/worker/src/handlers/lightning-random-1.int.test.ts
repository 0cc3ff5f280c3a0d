import { LIGHTNING_MODEL } from "../testing/lightning-random";
import { testRandomRuns } from "../testing/random-runs";

testRandomRuns(LIGHTNING_MODEL, 1);
