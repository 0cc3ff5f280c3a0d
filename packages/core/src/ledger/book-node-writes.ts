import type { LedgerStore, Posting } from "../ports/ledger-store";
import type { LightningNode, OnchainTransaction } from "../ports/lightning-node";
import type { NodeWriteBooks, UnbookedNodeWrite } from "../ports/node-write-books";
import type { Transactions } from "../ports/transactions";
import { LOOK_BACK_BLOCKS } from "./closing-transactions";
import { channelOpenedPostings, onchainSentPostings, POSTING_KINDS } from "./postings";

export interface BookNodeWritesDeps {
  readonly transactions: Transactions;
  readonly ledger: LedgerStore;
  readonly nodeWrites: NodeWriteBooks;
  readonly lightning: Pick<LightningNode, "getInfo" | "listOnchainTransactions">;
}

/** Writes per run; the next run goes on. */
const WRITES_MAX = 50;

/**
 * Books the channels that operators opened and what they sent on chain, as soon as the wallet shows the transaction: only it says
 * what the miners got. Returns how many were booked.
 */
export async function bookNodeWrites(deps: BookNodeWritesDeps): Promise<number> {
  const writes = await deps.nodeWrites.listUnbooked(WRITES_MAX);
  if (writes.length === 0) return 0;
  const { blockHeight } = await deps.lightning.getInfo();
  const wallet = await deps.lightning.listOnchainTransactions(Math.max(0, blockHeight - LOOK_BACK_BLOCKS));
  const byTxid = new Map(wallet.map((each) => [each.txid, each]));
  let booked = 0;
  for (const write of writes) {
    const transaction = byTxid.get(txidOf(write));
    if (transaction === undefined) continue;
    const isNew = await deps.transactions.run((tx) => deps.ledger.post(tx, entryOf(write, transaction)));
    if (isNew) booked++;
  }
  return booked;
}

function txidOf({ externalId }: UnbookedNodeWrite): string {
  const [txid = ""] = externalId.split(":");
  return txid;
}

function entryOf({ kind, businessKey, externalId }: UnbookedNodeWrite, { amountSats, feeSats }: OnchainTransaction) {
  // The wallet's change, the fee included.
  const spentSats = -amountSats;
  const booking: { readonly kind: string; readonly postings: readonly Posting[] } =
    kind === "channel_open"
      ? { kind: POSTING_KINDS.channelOpened, postings: channelOpenedPostings(spentSats, feeSats) }
      : { kind: POSTING_KINDS.onchainSent, postings: onchainSentPostings(spentSats, feeSats) };
  return { ...booking, businessId: businessKey, memo: externalId };
}
