import { assert } from "@arkrelay/core/errors";

import type { OutPoint } from "../gen/taprpc/tapcommon";
import { fromTxid } from "../wire-bytes";

/** `txid:vout` in display order as tapd wants it in bytes. */
export function toOutPoint(outpoint: string): OutPoint {
  const match = /^([0-9a-f]{64}):(\d{1,10})$/.exec(outpoint);
  assert(match !== null, "an outpoint is txid:vout");
  const [, txid = "", vout = ""] = match;
  return { txid: fromTxid(txid), outputIndex: Number(vout) };
}
