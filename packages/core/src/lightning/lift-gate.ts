import type { LightningInvoice } from "../ports/lightning-node";
import { findLiftRail } from "./find-lift-rail";
import { minimumExpiryHeight } from "./held-payment";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/** Whether something may be submitted for a lift this moment. */
export type LiftGate =
  | { readonly kind: "open"; readonly htlcExpiryHeight: number }
  /** The payment is gone, or would be before a delivery could be settled. */
  | { readonly kind: "closed"; readonly why: string }
  /** lnd does not know the chain's height: nothing may be submitted, and nothing is decided either. */
  | { readonly kind: "unsure"; readonly why: string };

/**
 * Asked before **every** SubmitTx and every resubmission of a delivery: the payment is held, lnd follows the chain, and enough blocks
 * are left until the first HTLC runs out (lnd cancels held ones by itself some blocks before). Throws when lnd does not answer.
 */
export async function readLiftGate(deps: LightningDeps, operation: LightningOperation): Promise<LiftGate> {
  const [rail, invoice, info] = await Promise.all([
    findLiftRail(deps, operation),
    deps.lightning.lookupInvoice(operation.paymentHash),
    deps.lightning.getInfo(),
  ]);
  if (invoice?.state !== "accepted") return closed(describe(invoice));
  const incoming = rail.judgeIncoming(operation, invoice);
  if (incoming.kind !== "whole") return closed(incoming.kind === "wrong" ? incoming.why : describe(invoice));
  if (!info.syncedToChain) return { kind: "unsure", why: "lnd is not synced to the chain" };
  const htlcExpiryHeight = minimumExpiryHeight(invoice);
  const blocksLeft = htlcExpiryHeight - info.blockHeight;
  if (blocksLeft < deps.lightningConfig.liftMinBlocksLeft) {
    return closed(`the payment runs out in ${blocksLeft} blocks`);
  }
  return { kind: "open", htlcExpiryHeight };
}

function closed(why: string): LiftGate {
  return { kind: "closed", why };
}

function describe(invoice: LightningInvoice | undefined): string {
  return invoice === undefined ? "lnd does not know the invoice" : `the invoice is ${invoice.state}`;
}

/** How long a paid lift may wait for inventory, a synced lnd or a delivery that arkd takes. */
export function isGraceOver(deps: LightningDeps, operation: LightningOperation): boolean {
  const since = operation.acceptedAt ?? operation.createdAt;
  return deps.clock.now().getTime() - since.getTime() >= deps.lightningConfig.liftDeliveryGraceMs;
}
