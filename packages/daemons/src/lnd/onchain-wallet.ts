import { assert } from "@arkrelay/core/errors";
import { LABEL_LOOK_BACK_BLOCKS } from "@arkrelay/core/lightning/label-look-back";
import type { OnchainAddressType, OnchainTransaction, SendOnchainRequest } from "@arkrelay/core/ports/lightning-node";

import {
  AddressType,
  EstimateFeeRequest,
  type EstimateFeeResponse,
  GetTransactionsRequest,
  type NewAddressResponse,
  SendCoinsRequest,
  type SendCoinsResponse,
  type Transaction,
  type TransactionDetails,
} from "../gen/lnrpc/lightning";
import { PAGE_SIZE_MAX } from "../page-size";
import type { LndCalls } from "./lnd-clients";

/** lnd's limit, in bytes. */
const LABEL_LENGTH_MAX = 500;

const UNCONFIRMED_TOO = -1;

/** The unused kinds: asking again gives the same address until it is paid, so a repeat costs nothing. */
const ADDRESS_TYPES: Readonly<Record<OnchainAddressType, AddressType>> = {
  p2tr: AddressType.UNUSED_TAPROOT_PUBKEY,
  p2wkh: AddressType.UNUSED_WITNESS_PUBKEY_HASH,
  np2wkh: AddressType.UNUSED_NESTED_PUBKEY_HASH,
};

/** lnd's wallet of on-chain coins. */
export class LndOnchainWallet {
  constructor(
    private readonly calls: LndCalls,
    private readonly getBlockHeight: () => Promise<number>,
  ) {}

  async send(request: SendOnchainRequest): Promise<{ readonly txid: string }> {
    assert(
      request.label !== "" && Buffer.byteLength(request.label) <= LABEL_LENGTH_MAX,
      "a send has a label of its own",
    );
    const sent = await this.findByLabel(request.label);
    if (sent !== undefined) return { txid: sent.txid };
    const wire = SendCoinsRequest.fromPartial({
      addr: request.address,
      amount: request.amountSats,
      satPerVbyte: request.satPerVbyte ?? 0n,
      label: request.label,
    });
    const { txid } = await this.calls.write<SendCoinsResponse>(
      "SendCoins",
      ({ lightning }, ...rest) => lightning.sendCoins(wire, ...rest),
      { role: "channel" },
    );
    return { txid };
  }

  async newAddress(type: OnchainAddressType): Promise<string> {
    const request = { type: ADDRESS_TYPES[type], account: "" };
    const { address } = await this.calls.read<NewAddressResponse>(
      "NewAddress",
      ({ lightning }, ...rest) => lightning.newAddress(request, ...rest),
      { role: "invoice" },
    );
    return address;
  }

  async listTransactions(sinceHeight: number): Promise<readonly OnchainTransaction[]> {
    const found = new Map<string, OnchainTransaction>();
    for await (const transaction of this.pages(sinceHeight)) found.set(transaction.txid, transaction);
    if (found.size >= PAGE_SIZE_MAX) {
      // A transaction that confirmed while pages were read may have moved to a place that was read before.
      const heights = [...found.values()].map(({ blockHeight }) => blockHeight);
      const top = heights.reduce((highest, height) => Math.max(highest, height), sinceHeight);
      for await (const transaction of this.pages(top)) found.set(transaction.txid, transaction);
    }
    return [...found.values()];
  }

  async estimateFee(request: {
    readonly address: string;
    readonly amountSats: bigint;
    readonly targetConf: number;
  }): Promise<{ readonly feeSats: bigint; readonly satPerVbyte: bigint }> {
    const wire = EstimateFeeRequest.fromPartial({
      AddrToAmount: { [request.address]: request.amountSats },
      targetConf: request.targetConf,
    });
    const { feeSat, satPerVbyte } = await this.calls.read<EstimateFeeResponse>(
      "EstimateFee",
      ({ lightning }, ...rest) => lightning.estimateFee(wire, ...rest),
    );
    return { feeSats: feeSat, satPerVbyte };
  }

  /** All in which a label of ours may still be looked for, unconfirmed ones too. */
  async listRecent(): Promise<readonly OnchainTransaction[]> {
    const height = await this.getBlockHeight();
    return this.listTransactions(Math.max(0, height - LABEL_LOOK_BACK_BLOCKS));
  }

  private async findByLabel(label: string): Promise<OnchainTransaction | undefined> {
    const transactions = await this.listRecent();
    return transactions.find((transaction) => transaction.label === label);
  }

  private async *pages(startHeight: number): AsyncGenerator<OnchainTransaction, void> {
    for (let indexOffset = 0; ; indexOffset += PAGE_SIZE_MAX) {
      const request = GetTransactionsRequest.fromPartial({
        startHeight,
        endHeight: UNCONFIRMED_TOO,
        indexOffset,
        maxTransactions: PAGE_SIZE_MAX,
      });
      const { transactions, lastIndex } = await this.calls.read<TransactionDetails>(
        "GetTransactions",
        ({ lightning }, ...rest) => lightning.getTransactions(request, ...rest),
      );
      yield* transactions.map(toOnchainTransaction);
      // lnd before 0.19 knows no pages, gives no index and has sent everything.
      if (transactions.length < PAGE_SIZE_MAX || lastIndex === 0n) return;
    }
  }
}

function toOnchainTransaction(transaction: Transaction): OnchainTransaction {
  return {
    txid: transaction.txHash,
    amountSats: transaction.amount,
    feeSats: transaction.totalFees,
    outputsSats: transaction.outputDetails.reduce((sum, { amount }) => sum + amount, 0n),
    confirmations: transaction.numConfirmations,
    blockHeight: transaction.blockHeight,
    label: transaction.label,
  };
}
