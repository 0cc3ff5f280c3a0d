import { createHash } from "node:crypto";

import { type Channel, type Owner, isUnclosed } from "./channel";
import { advanceClosing } from "./close-channel";
import type { Invoice } from "./invoice";
import type { LndContext } from "./lnd-context";
import { LND_PROFILES } from "./lnd-settings";
import { cancelInvoice, failIncompleteSet } from "./settle-invoice";

/** Takes in the blocks up to a height, whatever they bring: confirmations, channels, HTLCs that run out. */
export function syncToHeight(context: LndContext, target: number): void {
  const { store } = context;
  if (store.meta.height >= target) return;
  store.transact(() => {
    while (store.meta.height < target) {
      const height = nextBusyHeight(context, target);
      store.changeMeta({ height });
      confirmTransactions(context, height);
      for (const channel of store.channels.values()) if (isUnclosed(channel)) advanceChannel(context, channel);
      giveBackExpiringHolds(context, "node");
      giveBackExpiringHolds(context, "outside");
    }
    store.emit({ kind: "block", height: target });
  });
}

/** The chain's last blocks are replaced: what they had confirmed is in the mempool again. Channels keep their state. */
export function reorg(context: LndContext, blocks: number): void {
  const { store } = context;
  store.transact(() => {
    const { height, reorgCount } = store.meta;
    for (const tx of store.transactions.values()) {
      if (tx.height === 0 || tx.height <= height - blocks) continue;
      store.putTransaction({ ...tx, height: 0 });
      store.emit({ kind: "transaction", change: "reorged_out", txid: tx.txid });
    }
    for (const coin of store.coins.values()) {
      if (coin.height > height - blocks) store.putCoin({ ...coin, height: 0 });
    }
    store.changeMeta({ reorgCount: reorgCount + 1 });
    store.emit({ kind: "block", height });
  });
}

/** Display order. Nothing hashes to it; it only tells blocks apart. */
export function blockHash({ store, keys }: LndContext, height = store.meta.height): string {
  const { reorgCount } = store.meta;
  return createHash("sha256")
    .update(keys.derive(`block/${height}/${reorgCount}`))
    .digest("hex");
}

/** Blocks between which nothing can happen are taken in at once. */
function nextBusyHeight(context: LndContext, target: number): number {
  const { store } = context;
  const { height } = store.meta;
  const isBusy =
    [...store.transactions.values()].some((tx) => tx.height === 0 && isMinable(context, tx.satPerVbyte)) ||
    [...store.channels.values()].some(({ status }) => status === "pending_open" || status === "waiting_close");
  if (isBusy) return height + 1;
  const deadlines = [
    ...holdDeadlines(context, "node"),
    ...holdDeadlines(context, "outside"),
    ...[...store.channels.values()].flatMap(({ status, closing }) =>
      status === "force_closing" && closing !== undefined ? [closing.maturityHeight] : [],
    ),
  ].filter((deadline) => deadline > height);
  return Math.min(target, ...deadlines);
}

function isMinable({ store }: LndContext, satPerVbyte: bigint): boolean {
  return satPerVbyte >= store.settings.mempoolMinSatPerVbyte;
}

function confirmTransactions(context: LndContext, height: number): void {
  const { store } = context;
  for (const tx of store.transactions.values()) {
    if (tx.height !== 0 || !isMinable(context, tx.satPerVbyte)) continue;
    store.putTransaction({ ...tx, height });
    store.emit({ kind: "transaction", change: "confirmed", txid: tx.txid });
  }
  for (const coin of store.coins.values()) {
    const txid = coin.outpoint.slice(0, 64);
    if (coin.height === 0 && store.transactions.get(txid)?.height === height) store.putCoin({ ...coin, height });
  }
}

function advanceChannel(context: LndContext, channel: Channel): void {
  const { store, clock } = context;
  if (channel.status !== "pending_open") return advanceClosing(context, channel);
  const txid = channel.channelPoint.slice(0, 64);
  const fundingHeight = store.transactions.get(txid)?.height ?? 0;
  if (fundingHeight === 0) return;
  const confirmations = store.meta.height - fundingHeight + 1;
  if (confirmations < channel.confirmationsNeeded) {
    store.putChannel({ ...channel, fundingHeight });
    return;
  }
  store.putChannel({
    ...channel,
    fundingHeight,
    chanId: toChanId(fundingHeight, channel.channelPoint),
    status: "open",
    openedAt: clock.nowSeconds(),
  });
  store.emit({ kind: "channel", change: "open", channelPoint: channel.channelPoint });
  store.emit({ kind: "channel", change: "active", channelPoint: channel.channelPoint });
}

/** Short channel id: block, index in the block, output (BOLT 7). The index is made up from the txid. */
export function toChanId(height: number, channelPoint: string): bigint {
  const [txid = "", vout = "0"] = channelPoint.split(":");
  const index = (Number.parseInt(txid.slice(0, 4), 16) % 2_000) + 1;
  return (BigInt(height) << 40n) | (BigInt(index) << 16n) | BigInt(vout);
}

function giveBackExpiringHolds(context: LndContext, owner: Owner): void {
  for (const invoice of context.store.invoices(owner).values()) {
    const deadline = holdDeadline(context, owner, invoice);
    if (deadline === undefined || deadline > context.store.meta.height) continue;
    if (invoice.state === "accepted") cancelInvoice(context, owner, invoice.paymentHash);
    else failIncompleteSet(context, owner, invoice);
  }
}

function holdDeadlines(context: LndContext, owner: Owner): readonly number[] {
  return [...context.store.invoices(owner).values()].flatMap((invoice) => holdDeadline(context, owner, invoice) ?? []);
}

/** From this height on the receiver gives held HTLCs back, lest their channel has to be closed by force. */
function holdDeadline({ store }: LndContext, owner: Owner, invoice: Invoice): number | undefined {
  const held = invoice.htlcs.filter(({ state }) => state === "accepted");
  if (held.length === 0) return undefined;
  const { profile, outsideHoldExpiryDelta } = store.settings;
  const delta = owner === "node" ? LND_PROFILES[profile].holdExpiryDelta : outsideHoldExpiryDelta;
  return Math.min(...held.map(({ expiryHeight }) => expiryHeight)) - delta;
}
