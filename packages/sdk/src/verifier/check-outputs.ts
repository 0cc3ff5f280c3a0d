import { Extension, P2A, type Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { vtxoScriptHex } from "../ark-script.js";
import { DUST_SATS, type ExpectedPayment, readPayment } from "./read-payment.js";
import { must } from "./refuse.js";
import type { LinkedTx, OwnVtxo, VerifyOptions } from "./verifier-types.js";

const anchorScript = hex.encode(P2A.script);

export interface Output {
  readonly vout: number;
  readonly script: string;
  readonly sats: bigint;
}

/** What the transaction pays, by the wallet's own reading. Of an asset, `amountSats` are the sats that carry it. */
export interface OutputSummary extends Pick<ExpectedPayment, "recipientPubkey" | "amountSats" | "feeSats" | "asset"> {
  /** Indexes of the outputs to the recipient: one, or each part of a split in its order. */
  readonly recipientVouts: readonly number[];
  /** Of the paid asset on each of them; 0 when sats are paid. */
  readonly recipientUnits: readonly bigint[];
  readonly changeSats: bigint;
  /** Indexes of the outputs that bring the rest back to this wallet: none, one, or more when the assets that stay are too many for one. */
  readonly changeVouts: readonly number[];
}

/**
 * Check 5: recipient, change and gateway output are exactly what the intent implies, and nothing else is there.
 * The gateway's co-input comes back larger by a transfer's fee and unchanged by a land, so every other output being fixed fixes it too.
 */
export function checkOutputs(tx: LinkedTx, mine: readonly OwnVtxo[], options: VerifyOptions): OutputSummary {
  const expected = readPayment(options);
  const { recipientScript, staysHere, paid, coInputGainSats, recipientPubkey, amountSats, feeSats, asset } = expected;
  const spendable = readSpendable(tx);
  checkBalance(tx, spendable);
  const myScript = vtxoScriptHex(options.myPubkey, options.pins);
  must(staysHere || recipientScript !== myScript, "recipient", "the recipient is this wallet itself");
  const inSats = mine.reduce((sum, vtxo) => sum + vtxo.amountSats, 0n);
  const foreignSats = tx.inputs.reduce((sum, input) => sum + (input.own ? 0n : input.amountSats), 0n);
  const wantedChange = inSats - sumSats(paid) - coInputGainSats;
  must(wantedChange >= 0n, "amount", "my inputs do not cover amount and fee");
  const givesDust = expected.dustToRecipient && wantedChange < DUST_SATS;
  const change = givesDust ? 0n : wantedChange;
  must(change === 0n || change >= expected.changeSatsMin, "change", "my change is below the intent's dust limit");

  const received = spendable.filter((output) => output.script === recipientScript);
  // Of a split the parts come first, in their order; what follows to the same script is change.
  const toRecipient = received.slice(0, paid.length);
  must(toRecipient.length === paid.length, "recipient", "the recipient gets nothing, or not every part");
  must(staysHere || received.length === paid.length, "extra_output", "the recipient is paid twice");
  for (const [index, { sats }] of paid.entries()) {
    const dust = givesDust && index === 0 ? wantedChange : 0n;
    must(toRecipient[index]?.sats === sats + dust, "amount", "the recipient gets another amount");
  }
  const returned = spendable.filter((output) => output.script === myScript && !toRecipient.includes(output));
  const returnedSats = sumSats(returned);
  must(returned.length > 0 || change === 0n, "change", "my change is missing");
  must(returned.length <= changeOutputsMax(mine), "extra_output", "more outputs pay me than my assets need");
  const others = spendable.filter((output) => output.script !== recipientScript && output.script !== myScript);
  must(
    others.length <= (foreignSats + coInputGainSats > 0n ? 1 : 0),
    "extra_output",
    "an output nobody is entitled to",
  );
  const othersSats = sumSats(others);
  must(othersSats <= foreignSats + coInputGainSats, "fee", "the gateway takes more than the intent's fee");
  must(returnedSats === change, "change", "my change is not what is left over");
  must(othersSats === foreignSats + coInputGainSats, "fee", "the fee is not the intent's");
  return {
    recipientPubkey,
    amountSats,
    feeSats,
    asset,
    changeSats: change,
    recipientVouts: toRecipient.map(({ vout }) => vout),
    recipientUnits: paid.map(({ units }) => units),
    changeVouts: returned.map(({ vout }) => vout),
  };
}

/** arkd lets a VTXO carry so many assets at its defaults; only a wallet with more gets its change on several. */
const ASSETS_PER_VTXO_MAX = 110;

function changeOutputsMax(mine: readonly OwnVtxo[]): number {
  const assetIds = new Set(mine.flatMap(({ assets }) => assets.map(({ assetId }) => assetId)));
  return Math.max(1, Math.ceil(assetIds.size / ASSETS_PER_VTXO_MAX));
}

/** The outputs that hold sats, beside the one anchor and at most one asset packet, which hold none. */
export function readSpendable({ ark }: LinkedTx): Output[] {
  const outputs = readOutputs(ark);
  const anchors = outputs.filter(({ script }) => script === anchorScript);
  must(anchors.length === 1 && sumSats(anchors) === 0n, "extra_output", "not exactly one anchor");
  const packets = outputs.filter(({ script }) => isExtension(script));
  must(packets.length <= 1 && sumSats(packets) === 0n, "extra_output", "two asset packets");
  return outputs.filter((output) => !anchors.includes(output) && !packets.includes(output));
}

export function checkBalance(tx: LinkedTx, outputs: readonly Output[]): void {
  const inSats = tx.inputs.reduce((sum, input) => sum + input.amountSats, 0n);
  const outSats = sumSats(outputs);
  must(inSats === outSats, "amount", "the transaction does not pay out what it takes in");
}

function readOutputs(ark: Transaction): Output[] {
  return Array.from({ length: ark.outputsLength }, (_, vout) => {
    const { script, amount } = ark.getOutput(vout);
    must(script !== undefined && amount !== undefined, "structure", `output ${vout} is incomplete`);
    return { vout, script: hex.encode(script), sats: amount };
  });
}

export function sumSats(outputs: readonly Pick<Output, "sats">[]): bigint {
  return outputs.reduce((sum, { sats }) => sum + sats, 0n);
}

function isExtension(script: string): boolean {
  return Extension.isExtension(hex.decode(script));
}
