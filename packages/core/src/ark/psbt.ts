import { Transaction } from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";

import { AppError } from "../errors";

/** Reads a base64 PSBT with arkd's own fields. Throws `payload_mismatch` when it is none. */
export function parsePsbt(psbt: string): Transaction {
  try {
    return Transaction.fromPSBT(base64.decode(psbt));
  } catch (cause) {
    throw new AppError("payload_mismatch", { message: "Not a PSBT", cause });
  }
}

export function toPsbt(tx: Transaction): string {
  return base64.encode(tx.toPSBT());
}

/** The outpoint an input spends, `txid:vout`. */
export function outpointOf(tx: Transaction, input: number): string {
  const { txid, index } = tx.getInput(input);
  if (txid === undefined || index === undefined) {
    throw new AppError("payload_mismatch", { message: "An input spends nothing", details: { txid: tx.id, input } });
  }
  return `${hex.encode(txid)}:${index}`;
}
