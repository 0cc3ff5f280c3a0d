import { z } from "zod";

import type { ReceivedIntent } from "@arkrelay/sdk/solver-flows";

import type { Trade } from "./pool.js";

/** What this solver trades, and as whom. */
export interface Terms {
  /** Hex. */
  readonly solverPubkey: string;
  readonly poolId: string;
  /** The gateway's name of the asset that is traded for gBTC. */
  readonly assetId: string;
  readonly feeBps: bigint;
}

/** A user's wish to trade, as its signed intent states it. */
export interface Order {
  readonly eventId: string;
  readonly userPubkey: string;
  readonly actionId: string;
  readonly trade: Trade;
  readonly inAsset: string;
  readonly outAsset: string;
  /** Sats or base units. */
  readonly wantedOut: bigint;
  /** The user wants exactly that, not that at least. */
  readonly isExact: boolean;
  /** Unix seconds. */
  readonly endsAt: number;
}

export type ReadOrder =
  | { readonly ok: true; readonly order: Order }
  | { readonly ok: false; readonly reason: "unknown_pool" | "unsupported" };

const GBTC = "gBTC";
const amount = z.int().min(1);
const leg = z.looseObject({ asset_id: z.string(), amount });
const ammParams = z.looseObject({
  in_asset: z.string(),
  in_amount: amount,
  out_asset: z.string(),
  min_out_amount: amount,
  pool_id: z.string(),
  deadline: z.int().optional(),
  counterparties: z.array(z.string()).optional(),
});
const swapParams = z.looseObject({
  give: z.tuple([leg]),
  receive: z.tuple([z.union([leg, z.looseObject({ asset_id: z.string(), min_amount: amount })])]),
  counterparties: z.array(z.string()),
});

interface Legs {
  readonly inAsset: string;
  readonly inAmount: number;
  readonly outAsset: string;
  readonly wantedOut: number;
  readonly isExact: boolean;
  readonly counterparties: readonly string[];
  readonly deadline?: number | undefined;
}

/** `unsupported` for anything but one asset against another between this user and this solver. */
export function readOrder({ event, intent }: ReceivedIntent, terms: Terms): ReadOrder {
  const legs = intent.type === "amm:swap" ? readAmm(intent.params, terms) : readSwap(intent.params);
  if (legs === undefined) return { ok: false, reason: "unsupported" };
  if (legs === "unknown_pool") return { ok: false, reason: legs };
  const { inAsset, outAsset, inAmount, counterparties } = legs;
  // With somebody else in the swap, more than the pool's own two legs would have to net to zero.
  if (counterparties.some((key) => key !== terms.solverPubkey)) return { ok: false, reason: "unsupported" };
  const isPair = new Set([inAsset, outAsset]).size === 2 && [inAsset, outAsset].includes(GBTC);
  if (!isPair || ![inAsset, outAsset].includes(terms.assetId)) return { ok: false, reason: "unknown_pool" };
  const ends = [intent.expires_at, intent.deadline, legs.deadline].filter((end) => end !== undefined);
  return {
    ok: true,
    order: {
      eventId: event.id,
      userPubkey: event.pubkey,
      actionId: intent.action_id,
      trade: { direction: inAsset === GBTC ? "sats_in" : "units_in", amountIn: BigInt(inAmount) },
      inAsset,
      outAsset,
      wantedOut: BigInt(legs.wantedOut),
      isExact: legs.isExact,
      endsAt: Math.min(...ends.map(toUnixSeconds)),
    },
  };
}

function readAmm(params: unknown, terms: Terms): Legs | "unknown_pool" | undefined {
  const { data } = ammParams.safeParse(params);
  if (data === undefined) return undefined;
  if (data.pool_id !== terms.poolId) return "unknown_pool";
  return {
    inAsset: data.in_asset,
    inAmount: data.in_amount,
    outAsset: data.out_asset,
    wantedOut: data.min_out_amount,
    isExact: false,
    counterparties: data.counterparties ?? [],
    deadline: data.deadline,
  };
}

function readSwap(params: unknown): Legs | undefined {
  const { data } = swapParams.safeParse(params);
  if (data === undefined) return undefined;
  const [given] = data.give;
  const [wanted] = data.receive;
  return {
    inAsset: given.asset_id,
    inAmount: given.amount,
    outAsset: wanted.asset_id,
    ...("min_amount" in wanted && typeof wanted.min_amount === "number"
      ? { wantedOut: wanted.min_amount, isExact: false }
      : { wantedOut: Number(wanted["amount"]), isExact: true }),
    counterparties: data.counterparties,
  };
}

/** The gateway counts in seconds; a time it cannot read never gets this far. */
function toUnixSeconds(time: string | number): number {
  return typeof time === "number" ? time : Math.floor(Date.parse(time) / 1000);
}
