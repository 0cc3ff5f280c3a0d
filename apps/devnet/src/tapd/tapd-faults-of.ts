import type { FaultBook } from "../faults/fault-book";
import type { TapdFaults } from "./engine/tapd-core";

/** The faults that strike inside the engine, read from the book. */
export function tapdFaultsOf(faults: FaultBook): TapdFaults {
  return {
    isCourierDown: () => faults.isOn("tapd", "courier_down"),
    takeBatchFrozen: () => faults.take("tapd", "FinalizeBatch", "batch_frozen") !== undefined,
    takeQuoteExpired: () => faults.take("tapd", "AddInvoice", "quote_expired") !== undefined,
  };
}
