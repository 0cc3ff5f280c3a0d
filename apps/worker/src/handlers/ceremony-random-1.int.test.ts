import { CEREMONY_MODEL } from "../testing/ceremony-random";
import { testRandomRuns } from "../testing/random-runs";

testRandomRuns(CEREMONY_MODEL, 1);
