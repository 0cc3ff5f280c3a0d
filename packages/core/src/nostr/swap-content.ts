import { z } from "zod";

import { AppError } from "../errors";
import { fieldErrors } from "../field-errors";
import { amount, amountOrZero, assetId, clientId, pubkey, unixTime } from "./field-schemas";
import type { JsonObject } from "./integer-json";

/** Base units of an asset, by our name of it. */
export interface LegAmount {
  readonly assetId: string;
  readonly amount: bigint;
}

/** What a member gets: exactly this, or this at least, and then the batch says how much. */
export interface ReceiveLeg extends LegAmount {
  readonly isMinimum: boolean;
}

/** What an intent says of its side of a batch. */
export interface SwapParams {
  readonly give: readonly LegAmount[];
  readonly receive: readonly ReceiveLeg[];
  /** Keys it deals with; empty = whoever the batch brings. */
  readonly counterparties: readonly string[];
  /** A missing fee is a fee fault (4001), not a broken schema. */
  readonly feeAssetId: string | undefined;
  readonly feeAmount: bigint | undefined;
  /** Life that its inputs need, when it asks for less than usual. */
  readonly minLifeSeconds: number | undefined;
  /** Unix seconds; of solver-owned types. */
  readonly deadline: number | undefined;
}

/** As many members as a batch has at most, so that nobody needs more. */
const LEGS_MAX = 8;
const LIFE_SECONDS_MAX = 31_536_000;

const giveLeg = z.strictObject({ asset_id: assetId, amount });
const receiveLeg = z.union([giveLeg, z.strictObject({ asset_id: assetId, min_amount: amount })]);

const legs = {
  give: z.array(giveLeg).min(1).max(LEGS_MAX).refine(areDistinct, "An asset is named twice"),
  receive: z.array(receiveLeg).min(1).max(LEGS_MAX).refine(areDistinct, "An asset is named twice"),
};
const terms = {
  fee_asset_id: assetId.optional(),
  fee_amount: amountOrZero.optional(),
  min_life_seconds: z.int().min(0).max(LIFE_SECONDS_MAX).optional(),
};
const counterparties = z.array(pubkey).max(LEGS_MAX);

/** Params of the native `atomic_swap`. */
export const swapSchema = z.strictObject({ ...legs, ...terms, swap_id: clientId, counterparties });

/** A solver's own type states the same among fields that are the solver's business. */
const solverSchema = z.looseObject({
  ...legs,
  ...terms,
  counterparties: counterparties.optional(),
  deadline: unixTime.optional(),
});

/** The common type of AMMs, which states its legs by other names. */
const AMM_SWAP = "amm:swap";
const ammSchema = z.looseObject({
  ...terms,
  in_asset: assetId,
  in_amount: amount,
  out_asset: assetId,
  min_out_amount: amount,
  counterparties: counterparties.optional(),
  deadline: unixTime.optional(),
});

export function toSwapParams(
  wire: (z.output<typeof swapSchema> & { readonly deadline?: number }) | z.output<typeof solverSchema>,
): SwapParams {
  return {
    give: wire.give.map((leg) => ({ assetId: leg.asset_id, amount: BigInt(leg.amount) })),
    receive: wire.receive.map((leg) =>
      "min_amount" in leg
        ? { assetId: leg.asset_id, amount: BigInt(leg.min_amount), isMinimum: true }
        : { assetId: leg.asset_id, amount: BigInt(leg.amount), isMinimum: false },
    ),
    counterparties: wire.counterparties ?? [],
    ...toTerms(wire),
  };
}

/**
 * The legs that a solver-owned intent states for a batch. Throws `invalid_request` when it states none: such an intent moves nothing.
 */
export function parseSolverLegs(type: string, params: JsonObject): SwapParams {
  if (type === AMM_SWAP && params["give"] === undefined) {
    const parsed = ammSchema.safeParse(params);
    if (!parsed.success) throw noLegs(parsed.error);
    const wire = parsed.data;
    return {
      give: [{ assetId: wire.in_asset, amount: BigInt(wire.in_amount) }],
      receive: [{ assetId: wire.out_asset, amount: BigInt(wire.min_out_amount), isMinimum: true }],
      counterparties: wire.counterparties ?? [],
      ...toTerms(wire),
    };
  }
  const parsed = solverSchema.safeParse(params);
  if (!parsed.success) throw noLegs(parsed.error);
  return toSwapParams(parsed.data);
}

function toTerms(wire: {
  readonly fee_asset_id?: string | undefined;
  readonly fee_amount?: number | undefined;
  readonly min_life_seconds?: number | undefined;
  readonly deadline?: number | undefined;
}): Pick<SwapParams, "feeAssetId" | "feeAmount" | "minLifeSeconds" | "deadline"> {
  return {
    feeAssetId: wire.fee_asset_id,
    feeAmount: wire.fee_amount === undefined ? undefined : BigInt(wire.fee_amount),
    minLifeSeconds: wire.min_life_seconds,
    deadline: wire.deadline,
  };
}

function noLegs(error: z.ZodError): AppError {
  return new AppError("invalid_request", { errors: fieldErrors(error, "params") });
}

function areDistinct(all: readonly { readonly asset_id: string }[]): boolean {
  return new Set(all.map((leg) => leg.asset_id)).size === all.length;
}
