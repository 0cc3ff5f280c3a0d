import { AppError } from "../errors";
import type { LightningNode } from "../ports/lightning-node";

/** Types of `ChannelCloseSummary.ClosureType` that end with a commitment transaction, ours or the peer's. */
const FORCED: ReadonlySet<string> = new Set(["local_force_close", "remote_force_close", "breach_close"]);

export interface FoundClosing {
  /** undefined = lnd does not name it yet, or not in a way that tells whether it is the one that was asked for. */
  readonly txid: string | undefined;
}

/**
 * How a channel is being closed already, or was; undefined = it is not. Who asked for a forced close is not served by another one, which
 * may wait in the mempool for ever: throws `daemon_rejected` (daemon_name closing_otherwise) with the transaction there is.
 */
export async function findClosing(
  lightning: Pick<LightningNode, "listPendingChannels" | "listClosedChannels">,
  { channelPoint, force }: { readonly channelPoint: string; readonly force: boolean },
): Promise<FoundClosing | undefined> {
  const isIt = (channel: { readonly channelPoint: string }) => channel.channelPoint === channelPoint;
  const { waitingClose, forceClosing } = await lightning.listPendingChannels();
  const forced = forceClosing.find(isIt);
  if (forced !== undefined) return { txid: named(forced.closingTxid) };
  const waiting = waitingClose.find(isIt);
  if (waiting !== undefined) {
    if (force && waiting.way === "cooperative") throw closingOtherwise("cooperative_close", waiting.closingTxid);
    return { txid: force && waiting.way !== "force" ? undefined : named(waiting.closingTxid) };
  }
  const closed = (await lightning.listClosedChannels()).find(isIt);
  if (closed === undefined) return undefined;
  if (force && !FORCED.has(closed.closeType)) throw closingOtherwise(closed.closeType, closed.closingTxid);
  return { txid: named(closed.closingTxid) };
}

function named(txid: string): string | undefined {
  return txid === "" ? undefined : txid;
}

function closingOtherwise(closeType: string, closingTxid: string): AppError {
  return new AppError("daemon_rejected", {
    message: "The channel is closed in another way than by force already",
    details: {
      service: "lnd",
      daemon_name: "closing_otherwise",
      close_type: closeType,
      ...(closingTxid !== "" && { closing_txid: closingTxid }),
    },
  });
}
