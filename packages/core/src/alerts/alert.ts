/** What an operator has to hear of. The names are those of the alert rules. */
export type AlertName =
  | "hold_invoice_deadline"
  | "lift_lost"
  | "unknown_payments"
  | "ceremony_stuck"
  | "payout_stuck"
  | "finalize_poisoned"
  | "vtxo_inventory_low";

export interface Alert {
  readonly name: AlertName;
  readonly severity: "medium" | "high" | "critical";
  /** operation_id or session_id; an alert stands once per name and subject. */
  readonly subject: string;
  readonly message: string;
  /** What the line says beside that, by its name in the log. */
  readonly details: Readonly<Record<string, string | number | null>>;
  /** What the operator should do. */
  readonly action: string;
}
