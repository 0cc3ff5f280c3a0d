import type { ChannelBooks } from "../ports/channel-books";
import type { LedgerStore } from "../ports/ledger-store";
import type { ClosedLightningChannel, LightningNode, OnchainTransaction } from "../ports/lightning-node";
import type { ReconciliationStore } from "../ports/reconciliation-store";
import type { Transactions, Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { judgeChannelClose, type ChannelClose } from "./channel-close";
import { isSweep, LOOK_BACK_BLOCKS } from "./closing-transactions";
import { lentSatsOf } from "./lightning-holdings";
import { channelClosedPostings, POSTING_KINDS } from "./postings";

export interface BookChannelClosesDeps {
  readonly transactions: Transactions;
  readonly ledger: LedgerStore;
  readonly channelBooks: ChannelBooks;
  readonly reconciliations: Pick<ReconciliationStore, "findNewest">;
  readonly lightning: Pick<
    LightningNode,
    "getInfo" | "listChannels" | "listClosedChannels" | "listOnchainTransactions"
  >;
}

/**
 * Ends that move what a channel held to the wallet. A channel that was never funded or was given up moves nothing, and what a breach
 * brings only a person can say.
 */
const BOOKED_TYPES: ReadonlySet<string> = new Set(["cooperative_close", "local_force_close", "remote_force_close"]);

/**
 * Books channels that are closed for good (lnd lists them once everything of them is resolved) and returns how many: their worth leaves
 * asset:ln, what came back is in the wallet, and the miners have the rest. Closes from before the first reconciliation are part of the
 * opening balance.
 */
export async function bookChannelCloses(deps: BookChannelClosesDeps): Promise<number> {
  const channels = await deps.lightning.listChannels();
  await deps.channelBooks.noteLent(
    channels
      .filter((channel) => channel.isInitiator)
      .map((channel) => ({ channelPoint: channel.channelPoint, lentSats: lentSatsOf(channel) })),
  );
  const ended = (await deps.lightning.listClosedChannels()).filter(({ closeType }) => BOOKED_TYPES.has(closeType));
  const booked = await deps.channelBooks.filterBooked(
    POSTING_KINDS.channelClosed,
    ended.map(({ channelPoint }) => channelPoint),
  );
  const unbooked = ended.filter(({ channelPoint }) => !booked.has(channelPoint));
  const isOpen = await deps.transactions.run(
    async (tx) => (await deps.reconciliations.findNewest(tx, "asset:ln", GBTC)) !== undefined,
  );
  if (!isOpen) {
    await passOver(deps, unbooked);
    return 0;
  }
  return unbooked.length === 0 ? 0 : bookAll(deps, unbooked);
}

/** Marks by empty entries what is in the opening balance. */
async function passOver(deps: BookChannelClosesDeps, closes: readonly ClosedLightningChannel[]): Promise<void> {
  const wallet = await readWallet(deps, closes);
  const known = new Set(closes.flatMap(txidsOf));
  const txids = [...wallet.values()].filter((each) => known.has(each.txid) || isSweep(each)).map(({ txid }) => txid);
  await deps.transactions.run(async (tx) => {
    await markSwept(deps, tx, txids, "in the opening balance");
    for (const { channelPoint } of closes)
      await post(deps, tx, channelPoint, { worthSats: 0n, cameSats: 0n, txids: [] });
  });
}

async function bookAll(deps: BookChannelClosesDeps, closes: readonly ClosedLightningChannel[]): Promise<number> {
  const wallet = await readWallet(deps, closes);
  const lent = await deps.channelBooks.findLent(closes.map(({ channelPoint }) => channelPoint));
  let booked = 0;
  for (const close of closes) {
    const { channelPoint } = close;
    const usedTxids = await deps.channelBooks.filterBooked(POSTING_KINDS.channelSwept, txidsOf(close));
    const judged = judgeChannelClose(close, { wallet, lentSats: lent.get(channelPoint) ?? 0n, usedTxids });
    if (judged === undefined) continue;
    if (await deps.transactions.run((tx) => post(deps, tx, channelPoint, judged))) booked++;
  }
  return booked;
}

async function readWallet(
  { lightning }: BookChannelClosesDeps,
  closes: readonly ClosedLightningChannel[],
): Promise<ReadonlyMap<string, OnchainTransaction>> {
  const { blockHeight } = await lightning.getInfo();
  const since = Math.min(blockHeight - LOOK_BACK_BLOCKS, ...closes.map(({ closeHeight }) => closeHeight));
  const wallet = await lightning.listOnchainTransactions(Math.max(0, since));
  return new Map(wallet.map((each) => [each.txid, each]));
}

async function post(
  deps: BookChannelClosesDeps,
  tx: Tx,
  channelPoint: string,
  { worthSats, cameSats, txids }: ChannelClose,
): Promise<boolean> {
  await markSwept(deps, tx, txids, channelPoint);
  return deps.ledger.post(tx, {
    kind: POSTING_KINDS.channelClosed,
    businessId: channelPoint,
    memo: txids.join(" ").slice(0, MEMO_LENGTH),
    postings: channelClosedPostings(worthSats, cameSats),
  });
}

/** An entry of nothing keeps a transaction from being counted with another channel. */
async function markSwept(
  { ledger }: BookChannelClosesDeps,
  tx: Tx,
  txids: readonly string[],
  memo: string,
): Promise<void> {
  for (const txid of txids)
    await ledger.post(tx, { kind: POSTING_KINDS.channelSwept, businessId: txid, memo, postings: [] });
}

/** Width of the column. */
const MEMO_LENGTH = 500;

function txidsOf({ closingTxid, resolutions }: ClosedLightningChannel): readonly string[] {
  return [closingTxid, ...resolutions.map(({ sweepTxid }) => sweepTxid)];
}
