import type { OnchainTransaction } from "@arkrelay/core/ports/lightning-node";

import { type AssetTransfer, type ListTransfersResponse, ProofDeliveryStatus } from "../gen/taprpc/taprootassets";
import { countUnconfirmed } from "./asset-pieces";
import type { TapdCalls } from "./tapd-clients";

/** A reorganisation does not reach that deep, so what is through by then stays through. */
const FINAL_CONFIRMATIONS = 6;

/** Calls at once; each reply carries the proofs of one transfer. */
const CALLS_AT_ONCE = 8;

/** As far as it is read here. */
export type WalletTransaction = Pick<OnchainTransaction, "txid" | "confirmations">;

/**
 * tapd's sends, without its whole history: ListTransfers has no pages and carries every proof ever sent, but it can be asked for one anchor,
 * and an anchor is always a transaction of the lnd below, which lists its recent ones and all without a block. What is through is read
 * once and then known by its label alone.
 */
export class RecentTransfers {
  /** Labels of what is through for good, by txid; none for a transaction that anchors no send of ours. */
  private readonly ended = new Map<string, readonly string[]>();
  /** Not through when last read: read again until it is, however old its transaction gets. */
  private open: ReadonlySet<string> = new Set();

  constructor(
    private readonly calls: TapdCalls,
    /** Those of the last weeks and all unconfirmed ones; undefined = there is no lnd to ask, and tapd's whole list has to do. */
    private readonly listWalletTransactions: (() => Promise<readonly WalletTransaction[]>) | undefined,
  ) {}

  /** Sends without a block, or whose receivers have no proof yet. */
  async listOpen(): Promise<readonly AssetTransfer[]> {
    const transfers = await this.readNews();
    return transfers.filter((transfer) => !isThrough(transfer));
  }

  /** Sends without a block, of which tapd says that there are `count`. */
  async listUnconfirmed(count: bigint): Promise<readonly AssetTransfer[]> {
    if (count === 0n) return [];
    const unconfirmed = (await this.readNews()).filter(isUnconfirmed);
    return isAllOf(unconfirmed, count) ? unconfirmed : (await this.listAll()).filter(isUnconfirmed);
  }

  /** A label is a job's id, and no job is tried for longer than the weeks that are looked at. */
  async findByLabel(label: string): Promise<AssetTransfer | undefined> {
    const isIt = (transfer: AssetTransfer) => transfer.label === label;
    const news = await this.readNews();
    const found = news.find(isIt) ?? (await this.findEnded(label));
    if (found !== undefined || this.listWalletTransactions === undefined) return found;
    const count = await countUnconfirmed(this.calls);
    return isAllOf(news.filter(isUnconfirmed), count) ? undefined : (await this.listAll()).find(isIt);
  }

  private async findEnded(label: string): Promise<AssetTransfer | undefined> {
    const [anchorTxid] = [...this.ended].find(([, labels]) => labels.includes(label)) ?? [];
    if (anchorTxid === undefined) return undefined;
    return (await this.read(anchorTxid)).find((transfer) => transfer.label === label);
  }

  /** Everything that was not through for good when last read. */
  private async readNews(): Promise<readonly AssetTransfer[]> {
    if (this.listWalletTransactions === undefined) return this.listAll();
    const recent = await this.listWalletTransactions();
    const wallet = new Map(recent.map(({ txid, confirmations }) => [txid, confirmations]));
    for (const txid of this.ended.keys()) if (!wallet.has(txid)) this.ended.delete(txid);
    const txids = [...new Set([...wallet.keys(), ...this.open])].filter((txid) => !this.ended.has(txid));
    const news: AssetTransfer[] = [];
    const open = new Set<string>();
    for (let start = 0; start < txids.length; start += CALLS_AT_ONCE) {
      const chunk = txids.slice(start, start + CALLS_AT_ONCE);
      const replies = await Promise.all(chunk.map(async (txid) => ({ txid, transfers: await this.read(txid) })));
      for (const { txid, transfers } of replies) {
        news.push(...transfers);
        if (!transfers.every(isThrough)) open.add(txid);
        else if ((wallet.get(txid) ?? 0) >= FINAL_CONFIRMATIONS)
          this.ended.set(
            txid,
            transfers.map(({ label }) => label),
          );
      }
    }
    this.open = open;
    return news;
  }

  private listAll(): Promise<readonly AssetTransfer[]> {
    return this.read("");
  }

  private async read(anchorTxid: string): Promise<readonly AssetTransfer[]> {
    const { transfers } = await this.calls.read<ListTransfersResponse>("ListTransfers", ({ assets }, ...rest) =>
      assets.listTransfers({ anchorTxid }, ...rest),
    );
    return transfers;
  }
}

/** tapd writes a send down before it broadcasts it, and keeps one that lnd has dropped because nobody relayed it. */
function isAllOf(unconfirmed: readonly AssetTransfer[], count: bigint): boolean {
  return BigInt(unconfirmed.length) >= count;
}

function isUnconfirmed({ anchorTxBlockHeight }: AssetTransfer): boolean {
  return anchorTxBlockHeight === 0;
}

function isThrough(transfer: AssetTransfer): boolean {
  const isDelivered = transfer.outputs.every(
    ({ proofDeliveryStatus }) =>
      proofDeliveryStatus === ProofDeliveryStatus.PROOF_DELIVERY_STATUS_COMPLETE ||
      proofDeliveryStatus === ProofDeliveryStatus.PROOF_DELIVERY_STATUS_NOT_APPLICABLE,
  );
  return isDelivered && !isUnconfirmed(transfer);
}
