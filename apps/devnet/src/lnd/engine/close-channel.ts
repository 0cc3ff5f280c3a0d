import { type Channel, endOf, isUnclosed } from "./channel";
import type { LndContext } from "./lnd-context";
import { LndError } from "./lnd-error";
import { CSV_DELAY } from "./lnd-settings";
import { newAddress, newTxid } from "./wallet";
import type { TransactionOutput } from "./wallet-records";

export interface CloseChannel {
  readonly channelPoint: string;
  readonly isForced: boolean;
  readonly satPerVbyte: bigint;
  /** Wait for HTLCs to resolve instead of refusing. */
  readonly isNoWait: boolean;
}

/** Publishes a closing transaction, or waits for HTLCs first. Throws lnd's refusals. */
export function closeChannel(context: LndContext, request: CloseChannel): Channel {
  const { store } = context;
  const channel = store.channels.get(request.channelPoint);
  const end = channel === undefined ? undefined : endOf(channel, "node");
  if (channel === undefined || end === undefined || channel.status === "closed") {
    throw new LndError(hasOpenChannels(context) ? "channel not found" : "no active channels exist");
  }
  if (channel.status !== "open")
    throw new LndError(`channel ${request.channelPoint} is already closing or still pending`);
  if (!request.isForced) checkCooperative(context, channel, request.isNoWait);
  return store.transact(() => {
    const isWaiting = !request.isForced && channel.htlcs.length > 0;
    const closing = {
      closedBy: end,
      isForced: request.isForced,
      txid: "",
      satPerVbyte: request.satPerVbyte,
      height: 0,
      maturityHeight: 0,
    };
    const changed: Channel = { ...channel, closing };
    return isWaiting ? putWaiting(context, changed) : publishClosing(context, changed);
  });
}

function checkCooperative({ store }: LndContext, channel: Channel, isNoWait: boolean): void {
  const isWithPeer = endOf(channel, "peer") !== undefined;
  if (isWithPeer && !store.settings.isPeerOnline) {
    throw new LndError(
      "unable to gracefully close channel while peer is offline (try force closing it instead): channel link not found",
    );
  }
  if (channel.htlcs.length > 0 && !isNoWait) {
    throw new LndError(
      `cannot coop close channel with active htlcs (number of active htlcs: ${channel.htlcs.length}, bypass this check and ` +
        "initiate the coop close by setting no_wait=true",
    );
  }
}

/** It carries nothing new, and closes with its last HTLC. */
function putWaiting({ store }: LndContext, channel: Channel): Channel {
  store.putChannel(channel);
  return channel;
}

/** Closes channels whose cooperative close has waited for HTLCs that are gone now. */
export function publishAwaitedClosings(context: LndContext): void {
  for (const channel of context.store.channels.values()) {
    const isAwaited = channel.status === "open" && channel.closing !== undefined && channel.htlcs.length === 0;
    if (isAwaited) context.store.transact(() => publishClosing(context, channel));
  }
}

function publishClosing(context: LndContext, channel: Channel): Channel {
  const { store, clock } = context;
  const { closing } = channel;
  if (closing === undefined) throw new Error(`channel ${channel.channelPoint} is not to be closed`);
  const txid = newTxid(context);
  const published: Channel = { ...channel, status: "waiting_close", closing: { ...closing, txid } };
  store.putChannel(published);
  store.putTransaction({
    txid,
    netSats: 0n,
    feeSats: channel.commitFeeSats,
    satPerVbyte: closing.satPerVbyte,
    height: 0,
    seenAt: clock.nowSeconds(),
    label: "",
    outputs: [],
  });
  store.emit({ kind: "transaction", change: "published", txid });
  store.emit({ kind: "channel", change: "waiting_close", channelPoint: channel.channelPoint });
  return published;
}

/** What a new block does to a channel that is closing. */
export function advanceClosing(context: LndContext, channel: Channel): void {
  const { store } = context;
  const { closing } = channel;
  if (closing === undefined || closing.txid === "") return;
  const height = store.transactions.get(closing.txid)?.height ?? 0;
  if (channel.status === "waiting_close" && height > 0) {
    if (!closing.isForced) return payOut(context, { ...channel, closing: { ...closing, height } });
    store.putChannel({
      ...channel,
      status: "force_closing",
      closing: { ...closing, height, maturityHeight: height + CSV_DELAY },
    });
    store.emit({ kind: "channel", change: "force_closing", channelPoint: channel.channelPoint });
    return;
  }
  // HTLCs still stand in the closing transaction; each resolves with its invoice.
  const isMature = store.meta.height >= closing.maturityHeight && channel.htlcs.length === 0;
  if (channel.status === "force_closing" && isMature) payOut(context, channel);
}

/** The end of a channel: its money goes to the wallets, its commitment fee to the miners. */
function payOut(context: LndContext, channel: Channel): void {
  const { store } = context;
  const { closing } = channel;
  if (closing === undefined) return;
  let { minerFeesMsat, peerMsat, outsideMsat } = store.meta;
  minerFeesMsat += channel.commitFeeSats * 1_000n;
  for (const end of [0, 1] as const) {
    const balanceMsat = channel.balancesMsat[end];
    // Outputs are whole sats; the rest goes to the miners, as it does on a real chain.
    const paidMsat = (balanceMsat / 1_000n) * 1_000n;
    minerFeesMsat += balanceMsat - paidMsat;
    const party = channel.ends[end];
    if (party === "peer") peerMsat += paidMsat;
    else if (party === "outside") outsideMsat += paidMsat;
    if (paidMsat === 0n) continue;
    if (party === "node") takeOurShare(context, closing.txid, paidMsat / 1_000n);
    else addOutput(context, closing.txid, { address: "", amountSats: paidMsat / 1_000n, isOurs: false });
  }
  store.changeMeta({ minerFeesMsat, peerMsat, outsideMsat });
  store.putChannel({ ...channel, status: "closed" });
  store.emit({ kind: "channel", change: "closed", channelPoint: channel.channelPoint });
}

function takeOurShare(context: LndContext, txid: string, amountSats: bigint): void {
  const { store } = context;
  const address = newAddress(context, "p2tr");
  const vout = addOutput(context, txid, { address, amountSats, isOurs: true });
  const height = store.meta.height;
  store.putCoin({ outpoint: `${txid}:${vout}`, amountSats, address, height, spentBy: "", isAnchor: false });
}

/** Its index in the transaction. */
function addOutput({ store }: LndContext, txid: string, output: TransactionOutput): number {
  const tx = store.transactions.get(txid);
  if (tx === undefined) return 0;
  const netSats = tx.netSats + (output.isOurs ? output.amountSats : 0n);
  store.putTransaction({ ...tx, netSats, outputs: [...tx.outputs, output] });
  return tx.outputs.length;
}

function hasOpenChannels({ store }: LndContext): boolean {
  return [...store.channels.values()].some((channel) => isUnclosed(channel) && endOf(channel, "node") !== undefined);
}
