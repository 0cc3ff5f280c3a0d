import { toAppError } from "@arkrelay/core/errors";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { LightningPayment } from "@arkrelay/core/ports/lightning-node";

import type { ApiDeps } from "../../../api-deps";

/** What is known of a payment without a known outcome, lnd's own word included. Nothing here changes anything. */
export async function describeUnknown(deps: ApiDeps, operation: LightningOperation, since: Date) {
  const [tracked, ledger, attempts] = await Promise.all([
    track(deps, operation.paymentHash),
    deps.admin.listOperationEntries(operation.operationId),
    deps.session.operations.listAttempts(operation.operationId),
  ]);
  return {
    payment_hash: operation.paymentHash,
    operation_id: operation.operationId,
    invoice_type: operation.invoiceType,
    amount_sats: Number(operation.amountSats),
    status: operation.status,
    since: since.toISOString(),
    last_check: tracked.isAnswered ? deps.clock.now().toISOString() : null,
    evidence: {
      track_result: tracked.isAnswered ? toTrackResult(tracked.payment) : null,
      htlcs: (tracked.payment?.htlcs ?? []).map((htlc) => ({
        attempt_id: htlc.attemptId.toString(),
        status: htlc.status,
      })),
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

interface Tracked {
  readonly isAnswered: boolean;
  readonly payment: LightningPayment | undefined;
}

/** The rest of the evidence is worth showing while lnd is away; what it would say is then left open. */
async function track(deps: ApiDeps, paymentHash: string): Promise<Tracked> {
  try {
    return { isAnswered: true, payment: await deps.lnd.node().trackPayment(paymentHash) };
  } catch (error) {
    deps.logger.warn("lnd was not asked about a payment", { payment_hash: paymentHash, error: toAppError(error).code });
    return { isAnswered: false, payment: undefined };
  }
}

function toTrackResult(payment: LightningPayment | undefined) {
  if (payment === undefined) return "not_found" as const;
  return {
    status: payment.status,
    failure_reason: payment.failureReason,
    payment_index: payment.paymentIndex.toString(),
    value_msat: payment.valueMsat.toString(),
    fee_msat: payment.feeMsat.toString(),
  };
}
