import { boolean, integer, sats } from "./env-types";
import { defineSection } from "./parse-env";

/** Blocks between lnd's own cancelling of a held HTLC and the last moment a lift may still start to deliver. */
const DELIVERY_BLOCKS = 22;

/** Limits, fees and times of lifts and lands. */
export const lightningSection = defineSection({
  variables: {
    LIGHTNING_AUTO_START: boolean().default(true),
    LIFT_MIN_SATS: sats().default(1_000n),
    LIFT_MAX_SATS: sats().default(1_000_000n),
    LAND_MIN_SATS: sats().default(1_000n),
    LAND_MAX_SATS: sats().default(1_000_000n),
    LIFT_OPEN_PER_USER: integer({ min: 1 }).default(3),
    LIFT_OPEN_PER_CALLER: integer({ min: 1 }).default(10),
    LIFT_OPEN_FACTOR: integer({ min: 1, max: 1000 }).default(3),
    // lnd refuses an expiry above a year.
    LIFT_INVOICE_EXPIRY_SECONDS: integer({ min: 60, max: 31_536_000 }).default(3600),
    ASSET_INVOICE_EXPIRY_SECONDS: integer({ min: 30, max: 86_400 }).default(300),
    ASSET_CARRIER_SATS: sats().default(1_000n),
    CARRIER_SUBSIDY_DAILY_SATS: sats().default(10_000n),
    LIFT_CLTV_DELTA: integer({ min: 24, max: 2016 }).default(144),
    LIFT_MIN_BLOCKS_LEFT: integer({ min: 1, max: 2016 }).default(40),
    LIFT_DELIVERY_GRACE_SECONDS: integer({ min: 1, max: 3600 }).default(120),
    LND_HOLD_EXPIRY_DELTA: integer({ min: 1, max: 1000 }).default(18),
    LAND_ROUTING_FEE_FLOOR_SATS: sats().default(5n),
    LAND_ROUTING_FEE_MAX_BPS: integer({ min: 0, max: 10_000 }).default(50),
    LAND_ROUTING_SUBSIDY_DAILY_SATS: sats().default(10_000n),
    LAND_CLTV_LIMIT: integer({ min: 1, max: 2016 }).default(432),
    LAND_MAX_FINAL_CLTV: integer({ min: 1, max: 2016 }).default(144),
    LAND_MAX_IN_FLIGHT: integer({ min: 1 }).default(3),
    LAND_MIN_REMAINING_SECONDS: integer({ min: 0 }).default(86_400),
    LAND_MIN_EXPIRY_MARGIN_SECONDS: integer({ min: 0 }).default(600),
    LAND_PAYMENT_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 }).default(60),
    LAND_MAX_ATTEMPTS: integer({ min: 1, max: 10 }).default(3),
    UNKNOWN_PAYMENT_ALERT_MINUTES: integer({ min: 1 }).default(10),
    LIGHTNING_POLL_SECONDS: integer({ min: 1, max: 3600 }).default(30),
    WALLET_MIN_SATS: sats().default(100_000n),
  },
  check: (values) => {
    const problems: string[] = [];
    if (values.LIFT_MIN_SATS > values.LIFT_MAX_SATS) problems.push("LIFT_MIN_SATS: above LIFT_MAX_SATS");
    if (values.LAND_MIN_SATS > values.LAND_MAX_SATS) problems.push("LAND_MIN_SATS: above LAND_MAX_SATS");
    if (values.LAND_ROUTING_FEE_FLOOR_SATS > values.LAND_ROUTING_SUBSIDY_DAILY_SATS)
      problems.push("LAND_ROUTING_FEE_FLOOR_SATS: above LAND_ROUTING_SUBSIDY_DAILY_SATS, so it could never be granted");
    if (values.LIFT_MIN_BLOCKS_LEFT < values.LND_HOLD_EXPIRY_DELTA + DELIVERY_BLOCKS)
      problems.push(`LIFT_MIN_BLOCKS_LEFT: must be at least LND_HOLD_EXPIRY_DELTA + ${DELIVERY_BLOCKS}`);
    if (values.LIFT_CLTV_DELTA <= values.LIFT_MIN_BLOCKS_LEFT)
      problems.push("LIFT_CLTV_DELTA: must be above LIFT_MIN_BLOCKS_LEFT, or no payment ever has enough blocks left");
    if (values.LAND_MAX_FINAL_CLTV > values.LAND_CLTV_LIMIT)
      problems.push("LAND_MAX_FINAL_CLTV: above LAND_CLTV_LIMIT");
    return problems;
  },
  build: (values) => ({
    /** First desired state of the Lightning listener. */
    autoStart: values.LIGHTNING_AUTO_START,
    liftMinSats: values.LIFT_MIN_SATS,
    liftMaxSats: values.LIFT_MAX_SATS,
    landMinSats: values.LAND_MIN_SATS,
    landMaxSats: values.LAND_MAX_SATS,
    liftOpenPerUser: values.LIFT_OPEN_PER_USER,
    liftOpenPerCaller: values.LIFT_OPEN_PER_CALLER,
    liftOpenFactor: values.LIFT_OPEN_FACTOR,
    liftInvoiceExpirySeconds: values.LIFT_INVOICE_EXPIRY_SECONDS,
    assetInvoiceExpirySeconds: values.ASSET_INVOICE_EXPIRY_SECONDS,
    assetCarrierSats: values.ASSET_CARRIER_SATS,
    carrierSubsidyDailySats: values.CARRIER_SUBSIDY_DAILY_SATS,
    liftCltvDelta: values.LIFT_CLTV_DELTA,
    liftMinBlocksLeft: values.LIFT_MIN_BLOCKS_LEFT,
    liftDeliveryGraceMs: values.LIFT_DELIVERY_GRACE_SECONDS * 1000,
    holdExpiryDelta: values.LND_HOLD_EXPIRY_DELTA,
    landRoutingFeeFloorSats: values.LAND_ROUTING_FEE_FLOOR_SATS,
    landRoutingFeeMaxBps: BigInt(values.LAND_ROUTING_FEE_MAX_BPS),
    landRoutingSubsidyDailySats: values.LAND_ROUTING_SUBSIDY_DAILY_SATS,
    landCltvLimit: values.LAND_CLTV_LIMIT,
    landMaxFinalCltv: values.LAND_MAX_FINAL_CLTV,
    landMaxInFlight: values.LAND_MAX_IN_FLIGHT,
    landMinRemainingMs: values.LAND_MIN_REMAINING_SECONDS * 1000,
    landMinExpiryMarginMs: values.LAND_MIN_EXPIRY_MARGIN_SECONDS * 1000,
    landPaymentTimeoutSeconds: values.LAND_PAYMENT_TIMEOUT_SECONDS,
    landMaxAttempts: values.LAND_MAX_ATTEMPTS,
    unknownPaymentAlertMs: values.UNKNOWN_PAYMENT_ALERT_MINUTES * 60_000,
    pollMs: values.LIGHTNING_POLL_SECONDS * 1000,
    /** Alert threshold on the node's spendable on-chain wallet. */
    walletMinSats: values.WALLET_MIN_SATS,
  }),
});
