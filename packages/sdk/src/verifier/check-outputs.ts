import { Extension, P2A, type Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { vtxoScriptHex, type WalletPins } from "../ark-script.js";
import { LAND_TYPES, TRANSFER_TYPES } from "../event-schemas.js";
import { toPubkeyHex } from "../nostr-utils.js";
import type { IntentContent } from "../payloads.js";
import { must, orRefuse } from "./refuse.js";
import type { LinkedTx, OwnVtxo, VerifyOptions } from "./verifier-types.js";

/** arkd's default dust: a P2TR output below it is refused. */
const DUST_SATS = 330n;
const anchorScript = hex.encode(P2A.script);

interface Output {
  readonly vout: number;
  readonly script: string;
  readonly sats: bigint;
}

export interface OutputSummary {
  /** Null for a land: it goes to the gateway's pinned land script. */
  readonly recipientPubkey: string | null;
  readonly amountSats: bigint;
  readonly feeSats: bigint;
  readonly changeSats: bigint;
  /** Index of the change output, if there is one. */
  readonly changeVout: number | null;
}

/** What the approved intent lets the transaction pay. */
interface ExpectedPayment extends Pick<OutputSummary, "recipientPubkey" | "amountSats" | "feeSats"> {
  readonly recipientScript: string;
  /** What the recipient's output carries. */
  readonly paidSats: bigint;
  /** By how much the gateway's co-input comes back larger. */
  readonly coInputGainSats: bigint;
  readonly dustToRecipient: boolean;
}

/** Anything this verifier cannot judge is refused, never waved through. */
function readExpected({ intent: { content }, pins }: VerifyOptions): ExpectedPayment {
  if (LAND_TYPES.has(content.type)) return readLand(content, pins);
  must(
    TRANSFER_TYPES.has(content.type),
    "unsupported",
    `an intent of type ${content.type} moves nothing this wallet can check`,
  );
  return readTransfer(content, pins);
}

function readTransfer(intent: IntentContent, pins: WalletPins): ExpectedPayment {
  const { amountSats, feeSats } = readSats(intent);
  const recipient = intent.params["recipient_pubkey"];
  must(typeof recipient === "string", "recipient", "the intent names no recipient");
  const recipientPubkey = orRefuse("recipient", "the recipient is no key", () => toPubkeyHex(recipient));
  return {
    recipientPubkey,
    recipientScript: vtxoScriptHex(recipientPubkey, pins),
    amountSats,
    feeSats,
    paidSats: amountSats,
    coInputGainSats: feeSats,
    dustToRecipient: intent.params["dust_policy"] === "to_recipient",
  };
}

/** Amount and fee go to the gateway together; its co-input comes back as it was. */
function readLand(intent: IntentContent, { landScript }: WalletPins): ExpectedPayment {
  must(landScript !== undefined, "pins", "no land script is pinned, so nothing says whom a land pays");
  const { amountSats, feeSats } = readSats(intent);
  return {
    recipientPubkey: null,
    recipientScript: landScript,
    amountSats,
    feeSats,
    paidSats: amountSats + feeSats,
    coInputGainSats: 0n,
    dustToRecipient: false,
  };
}

function readSats({ params }: IntentContent): { readonly amountSats: bigint; readonly feeSats: bigint } {
  must(isSats(params["asset_id"]), "unsupported", "only gBTC can be checked");
  must(isSats(params["fee_asset_id"]), "fee", "the intent does not state its fee in gBTC");
  return { amountSats: sats(params["amount"], "amount"), feeSats: sats(params["fee_amount"], "fee") };
}

function isSats(assetId: unknown): boolean {
  return assetId === "gBTC" || assetId === "BTC";
}

function sats(value: unknown, reason: "amount" | "fee"): bigint {
  must(Number.isSafeInteger(value) && Number(value) >= 0, reason, "an amount that is no integer");
  return BigInt(Number(value));
}

/**
 * Check 5: recipient, change and gateway output are exactly what the intent implies, and nothing else is there.
 * The gateway's co-input comes back larger by a transfer's fee and unchanged by a land, so every other output being fixed fixes it too.
 */
export function checkOutputs(tx: LinkedTx, mine: readonly OwnVtxo[], options: VerifyOptions): OutputSummary {
  const expected = readExpected(options);
  const { recipientScript, paidSats, coInputGainSats, recipientPubkey, amountSats, feeSats } = expected;
  const outputs = readOutputs(tx.ark);
  checkBalance(tx, outputs);
  const spendable = outputs.filter((output) => output.script !== anchorScript && !isExtension(output.script));
  must(
    outputs.filter((o) => o.script === anchorScript && o.sats === 0n).length === 1,
    "extra_output",
    "not exactly one anchor",
  );
  must(outputs.filter((o) => isExtension(o.script) && o.sats === 0n).length <= 1, "extra_output", "two asset packets");

  const myScript = vtxoScriptHex(options.myPubkey, options.pins);
  must(recipientScript !== myScript, "recipient", "the recipient is this wallet itself");
  const inSats = mine.reduce((sum, vtxo) => sum + vtxo.amountSats, 0n);
  const foreignSats = tx.inputs.reduce((sum, input) => sum + (input.own ? 0n : input.amountSats), 0n);
  const wantedChange = inSats - paidSats - coInputGainSats;
  must(wantedChange >= 0n, "amount", "my inputs do not cover amount and fee");
  const givesDust = expected.dustToRecipient && wantedChange < DUST_SATS;
  const change = givesDust ? 0n : wantedChange;

  const paid = spendable.filter((output) => output.script === recipientScript);
  must(paid.length > 0, "recipient", "the recipient gets nothing");
  must(paid.length === 1, "extra_output", "the recipient is paid twice");
  must(paid[0]?.sats === paidSats + (givesDust ? wantedChange : 0n), "amount", "the recipient gets another amount");
  const returned = spendable.filter((output) => output.script === myScript);
  must(returned.length > 0 || change === 0n, "change", "my change is missing");
  must(returned.length <= 1, "extra_output", "more than one output pays me");
  const others = spendable.filter((output) => output.script !== recipientScript && output.script !== myScript);
  must(
    others.length <= (foreignSats + coInputGainSats > 0n ? 1 : 0),
    "extra_output",
    "an output nobody is entitled to",
  );
  const othersSats = others.reduce((sum, output) => sum + output.sats, 0n);
  must(othersSats <= foreignSats + coInputGainSats, "fee", "the gateway takes more than the intent's fee");
  must((returned[0]?.sats ?? 0n) === change, "change", "my change is not what is left over");
  must(othersSats === foreignSats + coInputGainSats, "fee", "the fee is not the intent's");
  return { recipientPubkey, amountSats, feeSats, changeSats: change, changeVout: returned[0]?.vout ?? null };
}

function checkBalance(tx: LinkedTx, outputs: readonly Output[]): void {
  const inSats = tx.inputs.reduce((sum, input) => sum + input.amountSats, 0n);
  const outSats = outputs.reduce((sum, output) => sum + output.sats, 0n);
  must(inSats === outSats, "amount", "the transaction does not pay out what it takes in");
}

function readOutputs(ark: Transaction): Output[] {
  return Array.from({ length: ark.outputsLength }, (_, vout) => {
    const { script, amount } = ark.getOutput(vout);
    must(script !== undefined && amount !== undefined, "structure", `output ${vout} is incomplete`);
    return { vout, script: hex.encode(script), sats: amount };
  });
}

function isExtension(script: string): boolean {
  return Extension.isExtension(hex.decode(script));
}
