import { Router } from "express";
import { z } from "zod";

import type { DevnetParts } from "../devnet-parts";
import { LND_PROFILES, LND_WALLET_STATES, type LndProfile, SUBSERVERS } from "../lnd/engine/lnd-settings";
import { parseBody } from "./parse-body";

const CONFIRMATIONS_MAX = 100;
const BLOCKS_MAX = 100;
const SATS_MAX = 2_100_000_000_000_000;
const profiles = Object.keys(LND_PROFILES) as [LndProfile, ...LndProfile[]];

const SettingsBody = z
  .strictObject({
    profile: z.enum(profiles).optional(),
    wallet_state: z.enum(LND_WALLET_STATES).optional(),
    synced_to_chain: z.boolean().optional(),
    missing_subservers: z.array(z.enum(SUBSERVERS)).optional(),
    channel_confirmations: z.int().min(1).max(CONFIRMATIONS_MAX).optional(),
    wumbo: z.boolean().optional(),
    fee_base_msat: z.int().min(0).max(1_000_000_000).optional(),
    fee_ppm: z.int().min(0).max(1_000_000).optional(),
    peer_online: z.boolean().optional(),
    mempool_min_sat_per_vbyte: z.int().min(0).max(10_000).optional(),
    forced_payment_failure: z.enum(["none", "timeout", "no_route", "error"]).optional(),
    outside_hold_expiry_delta: z.int().min(0).max(1_000).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, "at least one setting");
const DepositBody = z.strictObject({ amount_sats: z.int().min(330).max(SATS_MAX) });
const ReorgBody = z.strictObject({ blocks: z.int().min(1).max(BLOCKS_MAX).default(1) });
const RotateBody = z.strictObject({ expires_in_seconds: z.int().min(-31_536_000).max(315_360_000).optional() });

/** What only lnd's operator, a miner, or the other nodes could do. */
export function lndRoutes({ lndEngine, lnd }: DevnetParts): Router {
  const router = Router();
  router.post("/lnd/settings", (req, res) => {
    const body = parseBody(SettingsBody, req.body);
    lndEngine.changeSettings(
      definedOnly({
        profile: body.profile,
        walletState: body.wallet_state,
        isSyncedToChain: body.synced_to_chain,
        missingSubservers: body.missing_subservers,
        channelConfirmations: body.channel_confirmations,
        isWumbo: body.wumbo,
        feeBaseMsat: toBigInt(body.fee_base_msat),
        feePpm: toBigInt(body.fee_ppm),
        isPeerOnline: body.peer_online,
        mempoolMinSatPerVbyte: toBigInt(body.mempool_min_sat_per_vbyte),
        forcedPaymentFailure: body.forced_payment_failure,
        outsideHoldExpiryDelta: body.outside_hold_expiry_delta,
      }),
    );
    res.status(204).end();
  });
  router.post("/lnd/deposit", (req, res) => {
    res.json(lndEngine.deposit(BigInt(parseBody(DepositBody, req.body).amount_sats)));
  });
  router.post("/lnd/reorg", (req, res) => {
    lndEngine.reorg(parseBody(ReorgBody, req.body).blocks);
    res.json({ height: lndEngine.height, block_hash: lndEngine.blockHash() });
  });
  // In the past, it makes what every client refuses: an expired certificate.
  router.post("/lnd/rotate-tls", async (req, res) => {
    const { expires_in_seconds } = parseBody(RotateBody, req.body);
    await lnd.rotateTls(expires_in_seconds === undefined ? undefined : validityEnding(expires_in_seconds));
    res.status(204).end();
  });
  return router;
}

const DAY_MS = 86_400_000;

function validityEnding(inSeconds: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const notAfter = new Date(Date.now() + inSeconds * 1_000);
  return { notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS), notAfter };
}

function toBigInt(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  // Only what is undefined was left out.
  return Object.fromEntries(defined) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
