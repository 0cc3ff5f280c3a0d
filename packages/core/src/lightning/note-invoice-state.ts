import { notifyUser } from "../nostr/notify-user";
import type { LightningInvoice } from "../ports/lightning-node";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { LightningSessionDeps } from "./lightning-deps";
import { isLightningTerminal } from "./lightning-machine";
import type { LightningOperation } from "./lightning-operation";
import { lightningWakeOf } from "./lightning-wake";

export type NoteInvoiceDeps = Pick<
  LightningSessionDeps,
  "clock" | "operations" | "sessions" | "identity" | "outbox" | "peers"
>;

/**
 * Takes in what a listener or a poll saw of an invoice, in whatever order and however often: a held payment makes its lift `accepted`,
 * anything else that matters wakes the lift's task, which looks for itself. Invoices that are no lift's are none of ours.
 */
export async function noteInvoiceState(
  deps: NoteInvoiceDeps,
  tx: Tx,
  invoice: LightningInvoice,
): Promise<readonly Wake[]> {
  const known = await deps.operations.findByHash(tx, invoice.paymentHash);
  if (known === undefined || known.invoiceType !== "lift" || isLightningTerminal(known)) return [];
  if (isHeld(invoice) && known.status === "pending" && known.errorCode === undefined) {
    const operation = await deps.operations.lock(tx, known.operationId);
    if (operation?.status !== "pending" || operation.errorCode !== undefined) return [];
    return [lightningWakeOf(await acceptPayment(deps, tx, operation, invoice, undefined), deps.clock.now())];
  }
  if (invoice.state === "open" || (invoice.state === "accepted" && known.status !== "pending")) return [];
  const wake = await deps.operations.wake(tx, known.operationId, deps.clock.now());
  return wake === undefined ? [] : [wake];
}

/** The payer's HTLCs are held: from now on there is something to deliver for. */
export async function acceptPayment(
  deps: NoteInvoiceDeps,
  tx: Tx,
  operation: LightningOperation,
  invoice: LightningInvoice,
  fence: string | undefined,
): Promise<LightningOperation> {
  const now = deps.clock.now();
  const accepted = await deps.operations.move(
    tx,
    operation,
    {
      status: "accepted",
      acceptedAt: now,
      paidMsat: heldMsat(invoice),
      htlcExpiryHeight: minimumExpiryHeight(invoice),
      unknownSince: null,
      // The worker that sees it goes on by itself.
      ...(fence === undefined ? { wakeAt: now } : {}),
    },
    fence,
  );
  const session = await deps.sessions.find(operation.sessionId);
  if (session !== undefined) {
    const { operationId: subjectId, amount, assetId, paymentHash } = accepted;
    await notifyUser(deps, tx, { session, type: "payment_received", subjectId, amount, assetId, paymentHash });
  }
  return accepted;
}

/** lnd says ACCEPTED once the whole amount is held; an invoice that is paid in part stays open, and its parts are failed back. */
export function isHeld(invoice: LightningInvoice): boolean {
  return invoice.state === "accepted" && heldMsat(invoice) >= invoice.valueMsat;
}

function heldMsat(invoice: LightningInvoice): bigint {
  return heldHtlcs(invoice).reduce((sum, htlc) => sum + htlc.amtMsat, 0n);
}

/** Block height from which the first of the held HTLCs can be taken back; 0 without one. */
export function minimumExpiryHeight(invoice: LightningInvoice): number {
  const heights = heldHtlcs(invoice).map((htlc) => htlc.expiryHeight);
  return heights.length === 0 ? 0 : Math.min(...heights);
}

function heldHtlcs(invoice: LightningInvoice) {
  return invoice.htlcs.filter((htlc) => htlc.state === "accepted");
}
