import { integer } from "./env-types";
import { defineSection } from "./parse-env";

/** When the treasury takes part in a batch although nothing has to be renewed. */
export const settlementSection = defineSection({
  variables: {
    SETTLEMENT_MAX_DEFER_HOURS: integer({ min: 1, max: 8_760 }).default(24),
  },
  build: (values) => ({ maxDeferMs: values.SETTLEMENT_MAX_DEFER_HOURS * 3_600_000 }),
});
