import { createHash } from "node:crypto";

import { endOf, isUnclosed } from "./channel";
import type { LndContext } from "./lnd-context";
import { LndError } from "./lnd-error";
import type { AddressType, OnchainOutput, SendOutputsRequest, SentTransaction } from "./lnd-node";
import { ANCHOR_RESERVE_MAX_SATS, ANCHOR_RESERVE_SATS } from "./lnd-settings";
import { toAddress, toScript } from "./onchain-address";
import type { Coin, TransactionOutput } from "./wallet-records";

/** Virtual bytes of a transaction's parts; all coins count as taproot key spends. */
const OVERHEAD_VBYTES = 11n;
const INPUT_VBYTES = 58n;
const OUTPUT_VBYTES = 43n;
const DUST_SATS = 330n;
/** What an estimator without a fee market says: the hurry decides. */
const FEERATE_HIGHEST_SAT_PER_VBYTE = 25n;
export const DEFAULT_TARGET_CONF = 6;

export function feerateFor(targetConf: number): bigint {
  const rate = FEERATE_HIGHEST_SAT_PER_VBYTE / BigInt(targetConf > 0 ? targetConf : DEFAULT_TARGET_CONF);
  return rate > 1n ? rate : 1n;
}

/** Coins the wallet may spend, the oldest first. */
export function spendableCoins({ store }: LndContext, minConfs: number): readonly Coin[] {
  return [...store.coins.values()].filter(
    (coin) => coin.spentBy === "" && !coin.isAnchor && confirmationsOf(coin.height, store.meta.height) >= minConfs,
  );
}

export function confirmationsOf(height: number, tip: number): number {
  return height === 0 ? 0 : tip - height + 1;
}

/** Kept back for bumping forced closes of public anchor channels. */
export function anchorReserveSats({ store }: LndContext): bigint {
  const count = [...store.channels.values()].filter(
    (channel) => endOf(channel, "node") !== undefined && isUnclosed(channel) && !channel.isPrivate,
  ).length;
  const reserve = BigInt(count) * ANCHOR_RESERVE_SATS;
  return reserve < ANCHOR_RESERVE_MAX_SATS ? reserve : ANCHOR_RESERVE_MAX_SATS;
}

export interface CoinSelection {
  readonly coins: readonly Coin[];
  readonly feeSats: bigint;
  /** 0 = no change output. */
  readonly changeSats: bigint;
}

/** Largest coins first. Throws lnd's text when they do not suffice. */
export function selectCoins(
  context: LndContext,
  request: {
    readonly outputSats: readonly bigint[];
    readonly satPerVbyte: bigint;
    readonly minConfs: number;
    readonly anchors?: readonly Coin[];
  },
  toError: (neededSats: bigint, availableSats: bigint) => LndError = insufficientFunds,
): CoinSelection {
  const { outputSats, satPerVbyte, minConfs, anchors = [] } = request;
  const coins = spendableCoins(context, minConfs).toSorted((left, right) =>
    left.amountSats < right.amountSats ? 1 : -1,
  );
  const paidSats = sum(outputSats);
  const taken = [...anchors];
  for (let next = 0; ; next += 1) {
    const inputSats = sum(taken.map(({ amountSats }) => amountSats));
    const feeSats = feeOf(taken.length, outputSats.length, satPerVbyte);
    const feeWithChangeSats = feeOf(taken.length, outputSats.length + 1, satPerVbyte);
    const changeSats = inputSats - paidSats - feeWithChangeSats;
    if (changeSats >= DUST_SATS) return { coins: taken, feeSats: feeWithChangeSats, changeSats };
    // Too little for a change output: the miners get it.
    if (inputSats >= paidSats + feeSats) return { coins: taken, feeSats: inputSats - paidSats, changeSats: 0n };
    const coin = coins[next];
    if (coin === undefined) throw toError(paidSats + feeSats, inputSats);
    taken.push(coin);
  }
}

export function feeOf(inputCount: number, outputCount: number, satPerVbyte: bigint): bigint {
  return (OVERHEAD_VBYTES + BigInt(inputCount) * INPUT_VBYTES + BigInt(outputCount) * OUTPUT_VBYTES) * satPerVbyte;
}

function insufficientFunds(): LndError {
  return new LndError("insufficient funds available to construct transaction");
}

export function newAddress(context: LndContext, type: AddressType): string {
  const { store, keys } = context;
  return store.transact(() => {
    const addressCount = store.meta.addressCount + 1;
    const address = toAddress(type, keys.derive(`address/${addressCount}`));
    store.changeMeta({ addressCount });
    store.putAddress({ address, type, isUsed: false });
    return address;
  });
}

/** Pays from the wallet. Throws lnd's refusals; changes nothing then. */
export function sendOutputs(context: LndContext, request: SendOutputsRequest): SentTransaction {
  const { store } = context;
  checkOutputs(request.outputs);
  const anchors = (request.anchors ?? []).map((outpoint) => getAnchor(context, outpoint));
  const outputSats = request.outputs.map(({ amountSats }) => amountSats);
  const { satPerVbyte, minConfs = 1 } = request;
  const selection = selectCoins(context, { outputSats, satPerVbyte, minConfs, anchors });
  checkReserve(context, selection);
  return store.transact(() => publish(context, selection, request));
}

function checkOutputs(outputs: readonly OnchainOutput[]): void {
  for (const { to, amountSats } of outputs) {
    if (to !== "anchor") toScript(to.address);
    if (amountSats < DUST_SATS) throw new LndError("transaction output is dust");
  }
}

export function checkReserve(context: LndContext, selection: CoinSelection): void {
  const before = sum(spendableCoins(context, 0).map(({ amountSats }) => amountSats));
  const spentSats = sum(selection.coins.filter(({ isAnchor }) => !isAnchor).map(({ amountSats }) => amountSats));
  if (before - spentSats + selection.changeSats < anchorReserveSats(context)) {
    throw new LndError(
      "reserved wallet balance invalidated: transaction would leave insufficient funds for fee bumping anchor channel " +
        "closings (see debug log for details)",
    );
  }
}

function publish(context: LndContext, selection: CoinSelection, request: SendOutputsRequest): SentTransaction {
  const { store } = context;
  const txid = newTxid(context);
  const outputs = request.outputs.map((output, vout) => placeOutput(context, txid, vout, output));
  let changeOutpoint: string | undefined;
  if (selection.changeSats > 0n) {
    changeOutpoint = `${txid}:${outputs.length}`;
    const change = { to: { address: newAddress(context, "p2tr") }, amountSats: selection.changeSats };
    outputs.push(placeOutput(context, txid, outputs.length, change));
  }
  spendCoins(context, txid, selection.coins);
  recordTransaction(context, { txid, selection, outputs, satPerVbyte: request.satPerVbyte, label: request.label });
  const outpoints = request.outputs.map((_output, vout) => `${txid}:${vout}`);
  store.emit({ kind: "transaction", change: "published", txid });
  return { txid, feeSats: selection.feeSats, outpoints, changeOutpoint };
}

/** Gives an output to its owner: ours becomes a coin, another's joins the money of the outside. */
function placeOutput(
  { store }: LndContext,
  txid: string,
  vout: number,
  { to, amountSats }: OnchainOutput,
): TransactionOutput {
  const address = to === "anchor" ? "" : to.address;
  const known = store.addresses.get(address);
  const isOurs = to === "anchor" || known !== undefined;
  if (isOurs) {
    const isAnchor = to === "anchor";
    store.putCoin({ outpoint: `${txid}:${vout}`, amountSats, address, height: 0, spentBy: "", isAnchor });
    if (known !== undefined) store.putAddress({ ...known, isUsed: true });
  } else {
    store.changeMeta({ outsideMsat: store.meta.outsideMsat + amountSats * 1_000n });
  }
  return { address, amountSats, isOurs: isOurs && to !== "anchor" };
}

export function spendCoins({ store }: LndContext, txid: string, coins: readonly Coin[]): void {
  for (const coin of coins) store.putCoin({ ...coin, spentBy: txid });
}

export function recordTransaction(
  { store, clock }: LndContext,
  tx: {
    readonly txid: string;
    readonly selection: CoinSelection;
    readonly outputs: readonly TransactionOutput[];
    readonly satPerVbyte: bigint;
    readonly label: string;
  },
): void {
  const { txid, selection, outputs, satPerVbyte, label } = tx;
  const inSats = sum(selection.coins.filter(({ isAnchor }) => !isAnchor).map(({ amountSats }) => amountSats));
  const outSats = sum(outputs.filter(({ isOurs }) => isOurs).map(({ amountSats }) => amountSats));
  store.changeMeta({ minerFeesMsat: store.meta.minerFeesMsat + selection.feeSats * 1_000n });
  store.putTransaction({
    txid,
    netSats: outSats - inSats,
    feeSats: selection.feeSats,
    satPerVbyte,
    height: 0,
    seenAt: clock.nowSeconds(),
    label,
    outputs,
  });
}

/** Somebody else pays us on-chain; out of nothing for a deposit, which raises what was issued. */
export function receiveOnchain(
  context: LndContext,
  output: OnchainOutput,
  from: "outside" | "mint",
): { readonly txid: string; readonly vout: number } {
  const { store, clock } = context;
  return store.transact(() => {
    const txid = newTxid(context);
    const amountMsat = output.amountSats * 1_000n;
    if (from === "mint") store.changeMeta({ issuedMsat: store.meta.issuedMsat + amountMsat });
    else store.changeMeta({ outsideMsat: store.meta.outsideMsat - amountMsat });
    const placed = placeOutput(context, txid, 0, output);
    store.putTransaction({
      txid,
      netSats: placed.isOurs ? output.amountSats : 0n,
      feeSats: 0n,
      satPerVbyte: FEERATE_HIGHEST_SAT_PER_VBYTE,
      height: 0,
      seenAt: clock.nowSeconds(),
      label: "",
      outputs: [placed],
    });
    store.emit({ kind: "transaction", change: "published", txid });
    return { txid, vout: 0 };
  });
}

export function releaseAnchor(context: LndContext, outpoint: string): void {
  const coin = getAnchor(context, outpoint);
  context.store.transact(() =>
    context.store.putCoin({ ...coin, isAnchor: false, address: newAddress(context, "p2tr") }),
  );
}

function getAnchor({ store }: LndContext, outpoint: string): Coin {
  const coin = store.coins.get(outpoint);
  if (coin === undefined || !coin.isAnchor || coin.spentBy !== "") throw new Error(`${outpoint} is no unspent anchor`);
  return coin;
}

/** The count keeps it unique when a seeded sequence begins anew. */
export function newTxid({ random, store }: LndContext): string {
  const txCount = store.meta.txCount + 1n;
  store.changeMeta({ txCount });
  return createHash("sha256").update(random.bytes()).update(String(txCount)).digest("hex");
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
