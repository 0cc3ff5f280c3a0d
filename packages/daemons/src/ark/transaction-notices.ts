import type { GetTransactionsStreamResponse } from "../gen/ark/v1/service";
import type { TxNotification } from "../gen/ark/v1/types";

/** A transaction that arkd has just made final, of whomever. */
export interface ArkTransactionNotice {
  readonly kind: "ark" | "commitment" | "sweep";
  /** 64 hex, display order. */
  readonly txid: string;
  /** Output scripts (hex) of the VTXOs it spent. */
  readonly spentScripts: readonly string[];
}

const KINDS = { arkTx: "ark", commitmentTx: "commitment", sweepTx: "sweep" } as const;

/** undefined = a heartbeat. */
export function toTransactionNotice({ data }: GetTransactionsStreamResponse): ArkTransactionNotice | undefined {
  if (data === undefined || data.$case === "heartbeat") return undefined;
  return toNotice(KINDS[data.$case], data.value);
}

function toNotice(kind: ArkTransactionNotice["kind"], { txid, spentVtxos }: TxNotification): ArkTransactionNotice {
  return { kind, txid, spentScripts: spentVtxos.map(({ script }) => script) };
}
