import {
  AddressType as WireAddressType,
  EstimateFeeResponse,
  type EstimateFeeRequest,
  type GetTransactionsRequest,
  type NewAddressRequest,
  type NewAddressResponse,
  OutputScriptType,
  type SendCoinsRequest,
  type SendCoinsResponse,
  Transaction,
  type TransactionDetails,
  type WalletBalanceRequest,
  WalletBalanceResponse,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import type { AddressType } from "../engine/lnd-node";
import { isAtLeast } from "../engine/lnd-settings";
import { toScript } from "../engine/onchain-address";
import {
  anchorReserveSats,
  confirmationsOf,
  feeOf,
  feerateFor,
  selectCoins,
  spendableCoins,
  sum,
} from "../engine/wallet";
import type { WalletTransaction } from "../engine/wallet-records";
import { readFeerate } from "./read-feerate";
import { splitOutpoint } from "./wire-bytes";

const LABEL_LENGTH_MAX = 500;
const DEFAULT_ACCOUNT = "default";

export function walletBalance(engine: LndEngine, request: WalletBalanceRequest): WalletBalanceResponse {
  const all = sum(spendableCoins(engine.context, 0).map(({ amountSats }) => amountSats));
  const minConfs = request.minConfs === 0 ? 1 : request.minConfs;
  const confirmedBalance = sum(spendableCoins(engine.context, minConfs).map(({ amountSats }) => amountSats));
  const unconfirmedBalance = all - confirmedBalance;
  return WalletBalanceResponse.fromPartial({
    totalBalance: all,
    confirmedBalance,
    unconfirmedBalance,
    accountBalance: { [DEFAULT_ACCOUNT]: { confirmedBalance, unconfirmedBalance } },
    reservedBalanceAnchorChan: anchorReserveSats(engine.context),
  });
}

export function sendCoins(engine: LndEngine, request: SendCoinsRequest): SendCoinsResponse {
  toScript(request.addr);
  if (request.label.length > LABEL_LENGTH_MAX) throw new LndError("transaction label exceeds limit of 500 bytes");
  if (request.outpoints.length > 0) throw new LndError("devnet chooses its coins itself", "UNIMPLEMENTED");
  if (request.sendAll && request.amount !== 0n) throw new LndError("amount set while SendAll is active");
  if (!request.sendAll && request.amount <= 0n) throw new LndError("amount must be greater than zero");
  const satPerVbyte = readFeerate(request);
  const minConfs = request.spendUnconfirmed ? 0 : request.minConfs || 1;
  const amountSats = request.sendAll ? sweepableSats(engine, satPerVbyte, minConfs) : request.amount;
  const to = { address: request.addr };
  const { txid } = engine.sendOutputs({ outputs: [{ to, amountSats }], satPerVbyte, minConfs, label: request.label });
  return { txid };
}

/** Everything but the fee and what has to stay for anchors. */
function sweepableSats({ context }: LndEngine, satPerVbyte: bigint, minConfs: number): bigint {
  const coins = spendableCoins(context, minConfs);
  const reserveSats = anchorReserveSats(context);
  const feeSats = feeOf(coins.length, reserveSats === 0n ? 1 : 2, satPerVbyte);
  return sum(coins.map(({ amountSats }) => amountSats)) - feeSats - reserveSats;
}

const ADDRESS_TYPES: ReadonlyMap<WireAddressType, { readonly type: AddressType; readonly isUnused: boolean }> = new Map(
  [
    [WireAddressType.WITNESS_PUBKEY_HASH, { type: "p2wkh", isUnused: false }],
    [WireAddressType.NESTED_PUBKEY_HASH, { type: "np2wkh", isUnused: false }],
    [WireAddressType.TAPROOT_PUBKEY, { type: "p2tr", isUnused: false }],
    [WireAddressType.UNUSED_WITNESS_PUBKEY_HASH, { type: "p2wkh", isUnused: true }],
    [WireAddressType.UNUSED_NESTED_PUBKEY_HASH, { type: "np2wkh", isUnused: true }],
    [WireAddressType.UNUSED_TAPROOT_PUBKEY, { type: "p2tr", isUnused: true }],
  ],
);

/** The UNUSED types give the last address again until something was paid to it. */
export function newAddress(engine: LndEngine, request: NewAddressRequest): NewAddressResponse {
  const wanted = ADDRESS_TYPES.get(request.type);
  if (wanted === undefined) throw new LndError(`unknown address type: ${request.type}`);
  const last = [...engine.store.addresses.values()].findLast(({ type }) => type === wanted.type);
  const isGivenAgain = wanted.isUnused && last?.isUsed === false;
  return { address: isGivenAgain ? last.address : engine.newAddress(wanted.type) };
}

/** Unconfirmed first, then the newest. `end_height` -1 and 0 include the unconfirmed ones. */
export function getTransactions(engine: LndEngine, request: GetTransactionsRequest): TransactionDetails {
  const { startHeight, endHeight, indexOffset, maxTransactions } = request;
  const isMempoolWanted = endHeight <= 0;
  const all = [...engine.store.transactions.values()]
    .filter(({ height }) =>
      height === 0 ? isMempoolWanted : height >= startHeight && (endHeight <= 0 || height <= endHeight),
    )
    .map((transaction) => ({ transaction, confirmations: confirmationsOf(transaction.height, engine.height) }))
    .toSorted((left, right) => left.confirmations - right.confirmations);
  const canPage = isAtLeast(engine.store.settings, "0.20");
  const start = canPage ? indexOffset : 0;
  const end = canPage && maxTransactions > 0 ? start + maxTransactions : all.length;
  const page = all.slice(start, end);
  return {
    transactions: page.map(({ transaction, confirmations }) => toWireTransaction(transaction, confirmations)),
    firstIndex: page.length === 0 ? 0n : BigInt(start),
    lastIndex: page.length === 0 ? 0n : BigInt(start + page.length - 1),
  };
}

function toWireTransaction(transaction: WalletTransaction, numConfirmations: number): Transaction {
  return Transaction.fromPartial({
    txHash: transaction.txid,
    amount: transaction.netSats,
    numConfirmations,
    blockHeight: transaction.height,
    timeStamp: BigInt(transaction.seenAt),
    totalFees: transaction.feeSats,
    label: transaction.label,
    outputDetails: transaction.outputs.map(({ address, amountSats, isOurs }, index) => ({
      outputType: address.startsWith("bcrt1p")
        ? OutputScriptType.SCRIPT_TYPE_WITNESS_V1_TAPROOT
        : OutputScriptType.SCRIPT_TYPE_WITNESS_V0_PUBKEY_HASH,
      address,
      pkScript: address === "" ? "" : toScript(address),
      outputIndex: BigInt(index),
      amount: amountSats,
      isOurAddress: isOurs,
    })),
  });
}

export function estimateFee(engine: LndEngine, request: EstimateFeeRequest): EstimateFeeResponse {
  const outputs = Object.entries(request.AddrToAmount);
  for (const [address] of outputs) toScript(address);
  const satPerVbyte = feerateFor(request.targetConf);
  const minConfs = request.spendUnconfirmed ? 0 : request.minConfs || 1;
  const outputSats = outputs.map(([, amountSats]) => amountSats);
  const { feeSats, coins } = selectCoins(engine.context, { outputSats, satPerVbyte, minConfs });
  return EstimateFeeResponse.fromPartial({
    feeSat: feeSats,
    feerateSatPerByte: satPerVbyte,
    satPerVbyte,
    inputs: coins.map(({ outpoint }) => {
      const { txid, vout } = splitOutpoint(outpoint);
      return { txidStr: txid, txidBytes: Buffer.from(txid, "hex").reverse(), outputIndex: vout };
    }),
  });
}
