import { toAppError } from "@arkrelay/core/errors";
import { invoiceSatsOf } from "@arkrelay/core/lightning/invoice-status";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { LightningInvoice, LightningPayment } from "@arkrelay/core/ports/lightning-node";

import type { ApiDeps } from "../../../api-deps";

/** What is known of a payment without a known outcome, lnd's own word included. Nothing here changes anything. */
export async function describeUnknown(deps: ApiDeps, operation: LightningOperation, since: Date) {
  const [lndSays, ledger, attempts] = await Promise.all([
    askAbout(deps, operation),
    deps.admin.listOperationEntries(operation.operationId),
    deps.session.operations.listAttempts(operation.operationId),
  ]);
  return {
    payment_hash: operation.paymentHash,
    operation_id: operation.operationId,
    invoice_type: operation.invoiceType,
    amount_sats: invoiceSatsOf(operation),
    status: operation.status,
    since: since.toISOString(),
    reason: operation.lastError ?? null,
    last_check: lndSays !== undefined ? deps.clock.now().toISOString() : null,
    evidence: {
      track_result: lndSays?.result ?? null,
      htlcs: lndSays?.htlcs ?? [],
      ledger: ledger.map((entry) => ({
        kind: entry.kind,
        at: entry.at.toISOString(),
        account: entry.account,
        asset_id: entry.assetId,
        amount: entry.amount.toString(),
      })),
      attempts: attempts.map((attempt) => ({
        attempt: attempt.attempt,
        status: attempt.status,
        payment_index: attempt.paymentIndex?.toString() ?? null,
        lnd_pubkey: attempt.lndPubkey,
        top_index: attempt.topIndex.toString(),
        sent_at: attempt.sentAt?.toISOString() ?? null,
        terminal: attempt.terminal ?? null,
      })),
    },
  };
}

/** The rest of the evidence is worth showing while lnd is away (undefined); what it would say is then left open. */
async function askAbout(deps: ApiDeps, { invoiceType, paymentHash }: LightningOperation) {
  try {
    const node = deps.lnd.node();
    return invoiceType === "lift"
      ? toInvoiceEvidence(await node.lookupInvoice(paymentHash))
      : toPaymentEvidence(await node.trackPayment(paymentHash));
  } catch (error) {
    deps.logger.warn("lnd was not asked about a payment", { payment_hash: paymentHash, error: toAppError(error).code });
    return undefined;
  }
}

const NOT_FOUND = { result: "not_found" as const, htlcs: [] };

function toPaymentEvidence(payment: LightningPayment | undefined) {
  if (payment === undefined) return NOT_FOUND;
  return {
    result: {
      status: payment.status,
      failure_reason: payment.failureReason,
      payment_index: payment.paymentIndex.toString(),
      value_msat: payment.valueMsat.toString(),
      fee_msat: payment.feeMsat.toString(),
    },
    htlcs: payment.htlcs.map((htlc) => ({ attempt_id: htlc.attemptId.toString(), status: htlc.status })),
  };
}

/** Of a lift, which lnd receives: whether it still holds the HTLCs, and until which block it could settle them. */
function toInvoiceEvidence(invoice: LightningInvoice | undefined) {
  if (invoice === undefined) return NOT_FOUND;
  return {
    result: {
      state: invoice.state,
      value_msat: invoice.valueMsat.toString(),
      amt_paid_msat: invoice.amtPaidMsat.toString(),
      add_index: invoice.addIndex.toString(),
      settle_index: invoice.settleIndex.toString(),
      expires_at: invoice.expiresAt.toISOString(),
    },
    htlcs: invoice.htlcs.map((htlc) => ({
      status: htlc.state,
      amt_msat: htlc.amtMsat.toString(),
      expiry_height: htlc.expiryHeight,
    })),
  };
}
