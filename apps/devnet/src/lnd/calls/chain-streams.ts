import type { ConfEvent, ConfRequest } from "@arkrelay/daemons/proto/chainrpc/chainnotifier";

import type { StreamSink } from "../../grpc/daemon-call";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import { fromTxidBytes } from "./wire-bytes";

/**
 * Tells once that a transaction of others has its confirmations, be it at once. Devnet knows those of arkd; what lnd's own wallet
 * does is not told here.
 */
export function registerConfirmations(
  engine: LndEngine,
  findHeight: (txid: string) => number | undefined,
  request: ConfRequest,
  sink: StreamSink<ConfEvent>,
): void {
  if (request.script.length === 0) throw new LndError("an output script must be provided");
  if (request.numConfs === 0) throw new LndError("number of confirmations must be at least 1");
  if (request.heightHint === 0) throw new LndError("height hint must be greater than 0");
  const txid = fromTxidBytes(request.txid);
  let isTold = false;
  const tell = (): void => {
    const height = findHeight(txid);
    if (isTold || height === undefined || engine.height - height + 1 < request.numConfs) return;
    isTold = true;
    const blockHash = Buffer.from(engine.blockHash(), "hex").reverse();
    const empty = Buffer.alloc(0);
    const conf = { rawTx: empty, blockHash, blockHeight: height, txIndex: 1, rawBlock: empty };
    sink.event({ event: { $case: "conf", value: conf } });
  };
  const stop = engine.events.listen(({ kind }) => {
    if (kind === "block") tell();
  });
  sink.onClose(stop);
  tell();
}
