import type { Twin } from "../asset/lightning-side";
import { AppError, toAppError } from "../errors";
import { assetLiftPaidPostings } from "../ledger/asset-postings";
import { MSAT_PER_SAT } from "../ledger/postings";
import type { LightningInvoice } from "../ports/lightning-node";
import type { AssetInvoice } from "../ports/taproot-assets";
import { liveHtlcs } from "./held-payment";
import type { IncomingVerdict, LiftRail, MadeInvoice } from "./lift-rail";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/**
 * Lifts of an asset: tapd makes lnd's invoice over the units and the carrier's price. It is an ordinary BOLT 11, so it may be paid in
 * sats when its quote has run out: only what the HTLCs show counts.
 */
export function assetLiftRail(
  deps: Pick<LightningDeps, "lightning" | "tapd" | "lightningConfig">,
  twin: Twin,
): LiftRail {
  const { assetId, arkAssetId, taprootAssetId } = twin;
  return {
    arkAssetId,
    makeInvoice: (operation, expirySeconds) => makeInvoice(deps, taprootAssetId, operation, expirySeconds),
    judgeIncoming: (operation, invoice) => judgeUnits(operation, invoice, taprootAssetId),
    readCarrierMsat: async ({ paymentHash }) => {
      const channels = await deps.lightning.listChannels();
      const held = channels.flatMap(({ pendingHtlcs }) => pendingHtlcs);
      const ours = held.filter((htlc) => htlc.isIncoming && htlc.paymentHash === paymentHash);
      return ours.reduce((sum, { amountSats }) => sum + amountSats, 0n) * MSAT_PER_SAT;
    },
    paidPostings: ({ amount, carrierUnits = 0n, carrierMsat = 0n }, invoice) =>
      assetLiftPaidPostings(assetId, {
        amount,
        carrierUnits,
        carrierMsat,
        paidUnits: unitsIn(invoice, taprootAssetId),
      }),
  };
}

/**
 * What a found invoice may be short of, in percent of the units: its quote is not known any more, and today's rate is another one.
 */
const RATE_DRIFT_PERCENT = 10n;

/**
 * tapd has no look-up of its own for hold invoices, and lnd has every invoice that tapd made: asked first, so that an answer that was
 * lost costs nothing but the terms of the quote.
 */
async function makeInvoice(
  { lightning, tapd, lightningConfig }: Pick<LightningDeps, "lightning" | "tapd" | "lightningConfig">,
  taprootAssetId: string,
  operation: LightningOperation,
  expirySeconds: number,
): Promise<MadeInvoice> {
  const { paymentHash, memo } = operation;
  const known = await lightning.lookupInvoice(paymentHash);
  if (tapd === undefined) throw new AppError("daemon_unavailable", { details: { service: "tapd" } });
  const amountUnits = owedUnits(operation);
  const requireFound = async (invoice: LightningInvoice): Promise<MadeInvoice> => {
    const { units } = await tapd.decodeAssetInvoice(taprootAssetId, invoice.bolt11);
    if (units * 100n < amountUnits * (100n - RATE_DRIFT_PERCENT)) throw partialQuote(units, amountUnits);
    return invoice;
  };
  if (known !== undefined) return requireFound(known);
  const cltvExpiry = lightningConfig.liftCltvDelta;
  const quoted = await orExisting(() =>
    tapd.createAssetInvoice({ assetId: taprootAssetId, amountUnits, paymentHash, memo, expirySeconds, cltvExpiry }),
  );
  const made = await lightning.lookupInvoice(paymentHash);
  if (made === undefined) {
    throw new AppError("daemon_unavailable", {
      internal: `tapd has made the invoice of ${paymentHash}, and lnd does not show it`,
      details: { service: "lnd" },
    });
  }
  if (quoted === undefined) return requireFound(made);
  if (quoted.quotedUnits < amountUnits) throw partialQuote(quoted.quotedUnits, amountUnits);
  const { rfqId, quotedUnits, quoteExpiresAt } = quoted;
  const expiresAt = quoteExpiresAt < made.expiresAt ? quoteExpiresAt : made.expiresAt;
  return { ...made, expiresAt, rfqId, quotedUnits };
}

/** A peer may take a part of what was asked; a payment of it would only be sent back. */
function partialQuote(units: bigint, amountUnits: bigint): AppError {
  return new AppError("daemon_rejected", {
    internal: `the quote is for ${units} of ${amountUnits} units`,
    details: { service: "tapd", daemon_name: "partial_quote" },
  });
}

/** An earlier call came through after all: its invoice is as good. */
async function orExisting(create: () => Promise<AssetInvoice>): Promise<AssetInvoice | undefined> {
  try {
    return await create();
  } catch (thrown) {
    if (toAppError(thrown).details?.["daemon_name"] === "invoice_exists") return undefined;
    throw thrown;
  }
}

function owedUnits({ amount, carrierUnits = 0n }: LightningOperation): bigint {
  return amount + carrierUnits;
}

/**
 * Millisatoshi are whole, so a unit may get lost in each HTLC when they are turned back into units; tapd itself allows for it. It is
 * taken off the carrier's price, never off what is delivered.
 */
function judgeUnits(operation: LightningOperation, invoice: LightningInvoice, taprootAssetId: string): IncomingVerdict {
  const units = unitsIn(invoice, taprootAssetId);
  const rounding = BigInt(liveHtlcs(invoice).length);
  if (units >= operation.amount && units + rounding >= owedUnits(operation)) return { kind: "whole" };
  if (invoice.state === "open") return { kind: "partial" };
  return { kind: "wrong", why: `the payment brought ${units} of ${owedUnits(operation)} units` };
}

function unitsIn(invoice: LightningInvoice, taprootAssetId: string): bigint {
  return liveHtlcs(invoice).reduce((sum, { units }) => sum + (units.get(taprootAssetId) ?? 0n), 0n);
}
