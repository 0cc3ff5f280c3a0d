import { decimal, integer, list, oneOf, sats } from "./env-types";
import { defineSection } from "./parse-env";

/** Sessions, ceremonies, coin selection and fees. */
export const sessionSection = defineSection({
  variables: {
    SESSION_TIMEOUT_MINUTES: integer({ min: 1, max: 1440 }).default(15),
    CHALLENGE_TIMEOUT_MINUTES: integer({ min: 1, max: 1440 }).default(5),
    CEREMONY_TIMEOUT_SECONDS: integer({ min: 10, max: 3600 }).default(300),
    STEP_TIMEOUT_SECONDS: integer({ min: 5, max: 600 }).default(60),
    CHALLENGE_RESEND_SECONDS: integer({ min: 1, max: 3600 }).default(60),
    ACCEPTED_ALERT_MINUTES: integer({ min: 1, max: 1440 }).default(15),
    MAX_CONCURRENT_SESSIONS: integer({ min: 1 }).default(100),
    MAX_SESSIONS_PER_USER: integer({ min: 1 }).default(3),
    UNPROVEN_SESSIONS_PER_CREATOR: integer({ min: 1 }).default(10),
    ACCEPTED_UNFINALISED_MAX: integer({ min: 1 }).default(20),
    MAX_INPUTS_PER_SESSION: integer({ min: 1, max: 20 }).default(20),
    BATCH_MAX_MEMBERS: integer({ min: 2, max: 8 }).default(8),
    BATCH_PRESIGN: oneOf(["largest", "non_solver", "all", "none"]).default("largest"),
    VTXO_EXPIRATION_HOURS: integer({ min: 1 }).default(24),
    VTXO_MIN_AMOUNT_SATS: sats().default(1000n),
    VTXO_BATCH_AMOUNT_SATS: sats().default(100_000n),
    VTXO_MIN_REMAINING_SECONDS: integer({ min: 0 }).default(3600),
    FEE_VTXO_SATS: sats().default(1000n),
    RENEW_DAILY_SATS: sats().default(1_000_000n),
    L2_FEE_SATS: sats().default(10n),
    LAND_FEE_BPS: integer({ min: 0, max: 10_000 }).default(10),
    FEE_PERCENTAGE: decimal({ min: 0, max: 1 }).optional(),
    FEE_SATS_PER_VBYTE: decimal({ min: 1, max: 10_000 }).default(10),
    FEE_ASSETS: list().prefault("gBTC"),
  },
  check: (values, mode) => {
    const problems: string[] = [];
    // Whoever withholds a checkpoint would freeze the others at will.
    if (mode.isProduction && values.BATCH_PRESIGN === "none")
      problems.push("BATCH_PRESIGN: none is refused in production");
    if (values.CHALLENGE_TIMEOUT_MINUTES > values.SESSION_TIMEOUT_MINUTES)
      problems.push("CHALLENGE_TIMEOUT_MINUTES: above SESSION_TIMEOUT_MINUTES");
    if (values.STEP_TIMEOUT_SECONDS > values.CEREMONY_TIMEOUT_SECONDS)
      problems.push("STEP_TIMEOUT_SECONDS: above CEREMONY_TIMEOUT_SECONDS");
    if (values.FEE_ASSETS.join(",") !== "gBTC") problems.push("FEE_ASSETS: only gBTC is supported");
    // The older form of LAND_FEE_BPS; compared in basis points, because 0.001 has no exact double.
    if (values.FEE_PERCENTAGE !== undefined && Math.round(values.FEE_PERCENTAGE * 10_000) !== values.LAND_FEE_BPS) {
      problems.push("FEE_PERCENTAGE: disagrees with LAND_FEE_BPS; set only LAND_FEE_BPS");
    }
    return problems;
  },
  build: (values) => ({
    sessionTimeoutMs: values.SESSION_TIMEOUT_MINUTES * 60_000,
    challengeTimeoutMs: values.CHALLENGE_TIMEOUT_MINUTES * 60_000,
    ceremonyTimeoutMs: values.CEREMONY_TIMEOUT_SECONDS * 1000,
    stepTimeoutMs: values.STEP_TIMEOUT_SECONDS * 1000,
    challengeResendMs: values.CHALLENGE_RESEND_SECONDS * 1000,
    acceptedAlertMs: values.ACCEPTED_ALERT_MINUTES * 60_000,
    concurrentSessionsMax: values.MAX_CONCURRENT_SESSIONS,
    sessionsPerUserMax: values.MAX_SESSIONS_PER_USER,
    unprovenSessionsPerCreatorMax: values.UNPROVEN_SESSIONS_PER_CREATOR,
    acceptedUnfinalisedMax: values.ACCEPTED_UNFINALISED_MAX,
    inputsPerSessionMax: values.MAX_INPUTS_PER_SESSION,
    batchMembersMax: values.BATCH_MAX_MEMBERS,
    batchPresign: values.BATCH_PRESIGN,
    /** Warning horizon before a VTXO expires; the expiry itself is arkd's. */
    vtxoExpirationHours: values.VTXO_EXPIRATION_HOURS,
    vtxoMinAmountSats: values.VTXO_MIN_AMOUNT_SATS,
    vtxoBatchAmountSats: values.VTXO_BATCH_AMOUNT_SATS,
    vtxoMinRemainingMs: values.VTXO_MIN_REMAINING_SECONDS * 1000,
    feeVtxoSats: values.FEE_VTXO_SATS,
    renewDailySats: values.RENEW_DAILY_SATS,
    l2FeeSats: values.L2_FEE_SATS,
    landFeeBps: values.LAND_FEE_BPS,
    /** On-chain fee rate of operator sends when no estimate is available. */
    feeSatsPerVbyte: values.FEE_SATS_PER_VBYTE,
    feeAssets: values.FEE_ASSETS,
  }),
});
