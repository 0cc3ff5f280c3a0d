import { asset } from "@arkade-os/sdk";

import { vtxoScriptHex } from "../ark-script.js";
import { assetIdOf, readGroups } from "./check-assets.js";
import { checkBalance, type Output, readSpendable } from "./check-outputs.js";
import { DUST_SATS } from "./read-payment.js";
import { type ExpectedSwap, readSwap, SATS } from "./read-swap.js";
import { must } from "./refuse.js";
import type { LinkedTx, OwnVtxo, VerifyOptions } from "./verifier-types.js";

/** What a swap does with this wallet, by the wallet's own reading. Base units by arkd's asset id, sats under `sats`. */
export interface SwapSummary {
  readonly give: Readonly<Record<string, bigint>>;
  /** What really comes: at least the intent's minimums. */
  readonly receive: Readonly<Record<string, bigint>>;
  readonly feeSats: bigint;
  /** Indexes of the outputs that pay this wallet. */
  readonly vouts: readonly number[];
}

/**
 * Checks 5 and 6 with several owners: exactly my legs, and everything else of mine comes back. What the others do among themselves is
 * their business, but sats and units balance, nothing is issued, and of my inputs every asset is listed with its true amount.
 */
export function checkSwap(tx: LinkedTx, mine: readonly OwnVtxo[], options: VerifyOptions): SwapSummary {
  const expected = readSwap(options.intent.content, options.pins, options.myPubkey);
  const outputs = readSpendable(tx);
  checkBalance(tx, outputs);
  const myScript = vtxoScriptHex(options.myPubkey, options.pins);
  const paid = outputs.filter(({ script }) => script === myScript);
  must(paid.length > 0, "change", "nothing of the swap comes to me");
  must(
    paid.every(({ sats }) => sats >= DUST_SATS),
    "amount",
    "an output of mine is below dust",
  );
  const vouts = paid.map(({ vout }) => vout);
  const received = new Map<string, bigint>([[SATS, checkSats(mine, paid, expected)]]);
  checkUnits(tx, mine, vouts, expected, received);
  for (const [arkAssetId, amount] of received) if (amount === 0n) received.delete(arkAssetId);
  return {
    give: Object.fromEntries(expected.give),
    receive: Object.fromEntries(received),
    feeSats: expected.feeSats,
    vouts,
  };
}

/** My sats out are my sats in less what I give and my fee, plus what I receive; returns what I receive. */
function checkSats(mine: readonly OwnVtxo[], paid: readonly Output[], expected: ExpectedSwap): bigint {
  const satsIn = mine.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const satsOut = paid.reduce((sum, { sats }) => sum + sats, 0n);
  const give = expected.give.get(SATS) ?? 0n;
  must(satsIn >= give, "amount", "my inputs do not hold the sats I give");
  const received = satsOut - (satsIn - give - expected.feeSats);
  checkReceived(SATS, received, expected);
  return received;
}

function checkReceived(arkAssetId: string, received: bigint, { receive, minimums }: ExpectedSwap): void {
  const wanted = receive.get(arkAssetId) ?? 0n;
  const name = arkAssetId === SATS ? "sats" : `units of ${arkAssetId}`;
  must(received >= wanted, "change", `fewer ${name} come to me than I am owed and keep`);
  must(minimums.has(arkAssetId) || received === wanted, "amount", `more ${name} come to me than the intent says`);
}

function checkUnits(
  tx: LinkedTx,
  mine: readonly OwnVtxo[],
  vouts: readonly number[],
  expected: ExpectedSwap,
  received: Map<string, bigint>,
): void {
  const groups = new Map(readGroups(tx.ark).map((group) => [assetIdOf(group), group] as const));
  must(groups.size === readGroups(tx.ark).length, "burn", "an asset has two groups");
  for (const group of groups.values()) checkConservation(group, tx);
  const held = unitsOf(mine);
  const concerned = new Set([...held.keys(), ...expected.give.keys(), ...expected.receive.keys()]);
  concerned.delete(SATS);
  for (const arkAssetId of new Set([...concerned, ...groups.keys()])) {
    const group = groups.get(arkAssetId);
    const mineIn = held.get(arkAssetId) ?? 0n;
    if (group === undefined) {
      must(mineIn === 0n, "burn", `asset ${arkAssetId} of mine is not in the packet`);
      must(!expected.receive.has(arkAssetId), "amount", `the packet does not pay me ${arkAssetId}`);
      continue;
    }
    checkListed(group, arkAssetId, tx);
    const give = expected.give.get(arkAssetId) ?? 0n;
    must(mineIn >= give, "amount", `my inputs do not hold the units of ${arkAssetId} that I give`);
    const mineOut = sumOf(group.outputs.filter(({ vout }) => vouts.includes(vout)));
    const got = mineOut - (mineIn - give);
    checkReceived(arkAssetId, got, expected);
    received.set(arkAssetId, got);
  }
}

/** arkd knows what the others' inputs carry; that the packet neither burns nor issues is told by itself. */
function checkConservation(group: asset.AssetGroup, tx: LinkedTx): void {
  const name = assetIdOf(group);
  must(group.inputs.every(isLocal), "issuance", `units of ${name} come from elsewhere than the inputs`);
  const vins = group.inputs.map(({ input }) => input.vin);
  must(new Set(vins).size === vins.length, "issuance", `an input of ${name} is counted twice`);
  must(
    vins.every((vin) => vin < tx.inputs.length),
    "issuance",
    `an input of ${name} is not there`,
  );
  const [unitsIn, unitsOut] = [sumOf(group.inputs.map(({ input }) => input)), sumOf(group.outputs)];
  must(unitsOut >= unitsIn, "burn", `units of ${name} are burnt`);
  must(unitsOut === unitsIn, "issuance", `units of ${name} are created`);
}

/** My inputs are in the group with what they carry, and with nothing they do not carry. */
function checkListed(group: asset.AssetGroup, arkAssetId: string, tx: LinkedTx): void {
  for (const { index, own } of tx.inputs) {
    if (own === undefined) continue;
    const held = own.assets.find(({ assetId }) => assetId === arkAssetId)?.amount ?? 0n;
    const listed = group.inputs.filter(({ input }) => input.vin === index);
    const amount = sumOf(listed.map(({ input }) => input));
    must(amount === held, "burn", `input ${index} is not listed with its ${held} units of ${arkAssetId}`);
  }
}

function isLocal({ input }: asset.AssetInput): boolean {
  return input.type === asset.AssetInputType.Local;
}

function unitsOf(mine: readonly OwnVtxo[]): ReadonlyMap<string, bigint> {
  const units = new Map<string, bigint>();
  for (const { assetId, amount } of mine.flatMap(({ assets }) => assets)) {
    units.set(assetId, (units.get(assetId) ?? 0n) + amount);
  }
  return units;
}

function sumOf(entries: readonly { readonly amount: bigint }[]): bigint {
  return entries.reduce((sum, { amount }) => sum + amount, 0n);
}
