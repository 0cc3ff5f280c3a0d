import { notifyUser } from "../nostr/notify-user";
import type { LightningInvoice } from "../ports/lightning-node";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { GBTC } from "../vtxo/vtxo";
import { heldMsat, isHeld, minimumExpiryHeight } from "./held-payment";
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
  // What the payment of an asset's lift has brought is judged by its task.
  if (known.assetId === GBTC && isHeld(invoice) && known.status === "pending" && known.errorCode === undefined) {
    const operation = await deps.operations.lock(tx, known.operationId);
    if (operation?.status !== "pending" || operation.errorCode !== undefined) return [];
    return [lightningWakeOf(await acceptPayment(deps, tx, operation, { invoice }, undefined), deps.clock.now())];
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
  { invoice, carrierMsat }: { readonly invoice: LightningInvoice; readonly carrierMsat?: bigint | undefined },
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
      ...(carrierMsat === undefined ? {} : { carrierMsat }),
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
