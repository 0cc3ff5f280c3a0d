import { testRandomRuns } from "../testing/lightning-random";

testRandomRuns(2);
