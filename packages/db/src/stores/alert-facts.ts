import type { LiftStatus } from "@arkrelay/core/lightning/lightning-operation";
import type { PayoutKind } from "@arkrelay/core/payout/payout";
import type {
  AcceptedPayoutFact,
  AlertFacts,
  HeldLiftFact,
  LostLiftFact,
  UnknownPaymentFact,
} from "@arkrelay/core/ports/alert-facts";

import { nullable, readBigint, readBoolean, readDate, readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";

/** lightning_invoices and payouts, read for alerts alone. */
export class DrizzleAlertFacts implements AlertFacts {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async listHeldLifts(limit: number): Promise<readonly HeldLiftFact[]> {
    const rows = await this.database.select(
      `SELECT operation_id, payment_hash, status, htlc_expiry_height FROM lightning_invoices
       WHERE invoice_type = 'lift' AND status IN ('accepted', 'delivering', 'delivered') AND htlc_expiry_height IS NOT NULL
       ORDER BY htlc_expiry_height, id LIMIT ?`,
      [limit],
    );
    return rows.map((row) => ({
      operationId: readText(row, "operation_id"),
      paymentHash: readText(row, "payment_hash"),
      status: readText(row, "status") as LiftStatus,
      htlcExpiryHeight: readInteger(row, "htlc_expiry_height"),
    }));
  }

  async listLostLifts(since: Date, limit: number): Promise<readonly LostLiftFact[]> {
    const rows = await this.database.select(
      `SELECT operation_id, payment_hash, asset_id, amount, updated_at FROM lightning_invoices
       WHERE invoice_type = 'lift' AND status = 'lost' AND updated_at >= ? ORDER BY id LIMIT ?`,
      [since, limit],
    );
    return rows.map((row) => ({
      operationId: readText(row, "operation_id"),
      paymentHash: readText(row, "payment_hash"),
      assetId: readText(row, "asset_id"),
      amount: readBigint(row, "amount"),
      lostAt: readDate(row, "updated_at"),
    }));
  }

  async listUnknownPayments(unknownBefore: Date, limit: number): Promise<readonly UnknownPaymentFact[]> {
    const rows = await this.database.select(
      `SELECT operation_id, payment_hash, invoice_type, status, unknown_since, last_error FROM lightning_invoices
       WHERE unknown_since <= ? ORDER BY unknown_since, id LIMIT ?`,
      [unknownBefore, limit],
    );
    return rows.map((row) => ({
      operationId: readText(row, "operation_id"),
      paymentHash: readText(row, "payment_hash"),
      invoiceType: readText(row, "invoice_type") === "lift" ? "lift" : "land",
      status: readText(row, "status"),
      unknownSince: readDate(row, "unknown_since"),
      lastError: nullable(row, "last_error", readText),
    }));
  }

  async listAcceptedPayouts(acceptedBefore: Date, limit: number): Promise<readonly AcceptedPayoutFact[]> {
    // A payout that is accepted changes once more, when it is final.
    const rows = await this.database.select(
      `SELECT p.kind, p.business_id, a.txid, p.updated_at, p.poisoned_at IS NOT NULL AS is_poisoned FROM payouts p
       JOIN payout_attempts a ON a.payout_id = p.id AND a.outcome = 'accepted'
       WHERE p.status = 'accepted' AND (p.updated_at <= ? OR p.poisoned_at IS NOT NULL) ORDER BY p.updated_at, p.id LIMIT ?`,
      [acceptedBefore, limit],
    );
    return rows.map((row) => ({
      kind: readText(row, "kind") as PayoutKind,
      businessId: readText(row, "business_id"),
      txid: readText(row, "txid"),
      acceptedAt: readDate(row, "updated_at"),
      isPoisoned: readBoolean(row, "is_poisoned"),
    }));
  }
}
