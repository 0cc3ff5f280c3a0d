import { decimal, integer, oneOf } from "./env-types";
import { defineSection } from "./parse-env";

/** What the profiles stand for, where the variables do not say otherwise. */
const PROFILES = {
  dev: { critical: 10, warning: 10, target: 20, batch: 100 },
  prod: { critical: 1_000, warning: 3_000, target: 10_000, batch: 1_000 },
} as const;

/** One order of new VTXOs makes no more. */
const BATCH_MAX = 1_000;

/** How much stock and how many co-inputs the gateway keeps free, and how often it looks. */
export const inventorySection = defineSection({
  variables: {
    INVENTORY_PROFILE: oneOf(["dev", "prod"]).optional(),
    INVENTORY_CRITICAL: integer({ min: 0 }).optional(),
    INVENTORY_WARNING: integer({ min: 0 }).optional(),
    INVENTORY_TARGET: integer({ min: 1 }).optional(),
    INVENTORY_BATCH: integer({ min: 1, max: BATCH_MAX }).optional(),
    INVENTORY_MAX_UTILIZATION: decimal({ min: 0, max: 1 }).default(0.3),
    INVENTORY_MAX_FEE_RATE: decimal({ min: 0, max: 10_000 }).default(10),
    INVENTORY_CHECK_SECONDS: integer({ min: 1, max: 86_400 }).default(300),
    INVENTORY_FEE_VTXOS: integer({ min: 1 }).optional(),
  },
  check: (values, mode) => {
    const { critical, warning, target } = levelsOf(values, mode.isProduction);
    const problems: string[] = [];
    if (critical > warning) problems.push("INVENTORY_CRITICAL: above INVENTORY_WARNING");
    if (warning > target) problems.push("INVENTORY_WARNING: above INVENTORY_TARGET");
    return problems;
  },
  build: (values, mode) => ({
    levels: {
      ...levelsOf(values, mode.isProduction),
      maxUtilization: values.INVENTORY_MAX_UTILIZATION,
      maxSatPerVbyte: values.INVENTORY_MAX_FEE_RATE,
      feeVtxos: values.INVENTORY_FEE_VTXOS ?? (mode.isProduction ? 200 : 20),
    },
    checkMs: values.INVENTORY_CHECK_SECONDS * 1000,
  }),
});

interface LevelValues {
  readonly INVENTORY_PROFILE?: keyof typeof PROFILES | undefined;
  readonly INVENTORY_CRITICAL?: number | undefined;
  readonly INVENTORY_WARNING?: number | undefined;
  readonly INVENTORY_TARGET?: number | undefined;
  readonly INVENTORY_BATCH?: number | undefined;
}

function levelsOf(values: LevelValues, isProduction: boolean) {
  const profile = values.INVENTORY_PROFILE ?? (isProduction ? "prod" : "dev");
  const defaults = PROFILES[profile];
  return {
    profile,
    critical: values.INVENTORY_CRITICAL ?? defaults.critical,
    warning: values.INVENTORY_WARNING ?? defaults.warning,
    target: values.INVENTORY_TARGET ?? defaults.target,
    batch: values.INVENTORY_BATCH ?? defaults.batch,
  };
}
