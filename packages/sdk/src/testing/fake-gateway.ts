import { CSVMultisigTapscript, type Transaction, buildOffchainTx } from "@arkade-os/sdk";
import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64, hex } from "@scure/base";

import { type WalletPins, checkpointClosure, defaultVtxoScript } from "../ark-script.js";
import { signEvent } from "../nostr-utils.js";
import { type IntentContent, KIND, payloadRef, sessionIdOfIntent } from "../payloads.js";
import { digestOf, onlyLeafOf, scriptOf } from "../verifier/sighash.js";
import type { OwnVtxo, ReceivedChallenge, VerifyOptions, VtxoView } from "../verifier/verifier-types.js";

export interface TestKey {
  readonly secretKey: Uint8Array;
  readonly pubkey: string;
}

/** A fixed key per name, so that a failing case can be run again as it was. */
function testKey(name: string): TestKey {
  const secretKey = sha256(new TextEncoder().encode(`sdk test key ${name}`));
  return { secretKey, pubkey: hex.encode(schnorr.getPublicKey(secretKey)) };
}

export const NOW = 1_800_000_000;
export const alice = testKey("alice");
export const bob = testKey("bob");
export const mallory = testKey("mallory");
export const arkd = testKey("arkd signer");
export const gateway = testKey("gateway nostr");
const coOwner = testKey("gateway fee vtxo");

export const pins: WalletPins = {
  signer: arkd.pubkey,
  checkpointTapscript: hex.encode(
    CSVMultisigTapscript.encode({
      timelock: { type: "seconds", value: 86016n },
      pubkeys: [hex.decode(testKey("arkd forfeit").pubkey)],
    }).script,
  ),
  exitDelay: 86400,
  gatewayPubkey: gateway.pubkey,
};

const scriptOfKey = (pubkey: string): Uint8Array => defaultVtxoScript(pubkey, pins).pkScript;

export function anIntent(params: Record<string, unknown> = {}): IntentContent {
  return {
    action_id: "pay-bob-0001",
    type: "p2p_transfer",
    params: {
      asset_id: "gBTC",
      amount: 20_000,
      recipient_pubkey: bob.pubkey,
      fee_asset_id: "gBTC",
      fee_amount: 10,
      ...params,
    },
    expires_at: NOW + 600,
  };
}

export function ownVtxo(name: string, amountSats: bigint, over: Partial<OwnVtxo> = {}): OwnVtxo {
  return {
    vtxoId: `${hex.encode(sha256(new TextEncoder().encode(name)))}:0`,
    amountSats,
    script: hex.encode(scriptOfKey(alice.pubkey)),
    assets: [],
    isSpent: false,
    expiresAt: NOW + 86_400,
    ...over,
  };
}

export const viewOf = (...vtxos: OwnVtxo[]): VtxoView => new Map(vtxos.map((vtxo) => [vtxo.vtxoId, vtxo]));

export interface Output {
  readonly to: string | Uint8Array;
  readonly sats: bigint;
}

export interface TxPlan {
  readonly inputs: readonly { readonly vtxoId: string; readonly sats: bigint; readonly owner: string }[];
  readonly outputs: readonly Output[];
  readonly arkdPins: WalletPins;
}

const CO_INPUT = { vtxoId: `${"c0".repeat(32)}:3`, sats: 1_000n, owner: coOwner.pubkey };

/** The honest plan for `anIntent()`: Alice's VTXOs and the co-input in; Bob, her change and the co-input + 10 out. */
export function honestPlan(view: VtxoView, amount = 20_000n, fee = 10n): TxPlan {
  const mine = [...view.values()].map((vtxo) => ({ vtxoId: vtxo.vtxoId, sats: vtxo.amountSats, owner: alice.pubkey }));
  const total = mine.reduce((sum, input) => sum + input.sats, 0n);
  return {
    inputs: [...mine, CO_INPUT],
    outputs: [
      { to: bob.pubkey, sats: amount },
      { to: alice.pubkey, sats: total - amount - fee },
      { to: coOwner.pubkey, sats: CO_INPUT.sats + fee },
    ],
    arkdPins: pins,
  };
}

export interface BuiltTx {
  readonly ark: Transaction;
  readonly checkpoints: readonly Transaction[];
}

export function buildTx(plan: TxPlan): BuiltTx {
  const inputs = plan.inputs.map(({ vtxoId, sats, owner }) => {
    const script = defaultVtxoScript(owner, plan.arkdPins);
    const [txid = "", vout = "0"] = vtxoId.split(":");
    return { txid, vout: Number(vout), value: Number(sats), tapTree: script.encode(), tapLeafScript: script.forfeit() };
  });
  const outputs = plan.outputs.map(({ to, sats }) => ({
    script: typeof to === "string" ? scriptOfKey(to) : to,
    amount: sats,
  }));
  const { arkTx, checkpoints } = buildOffchainTx(inputs, outputs, checkpointClosure(plan.arkdPins));
  return { ark: arkTx, checkpoints };
}

/** Adds arkd's signature to one input. */
export function signAsArkd(tx: Transaction, input: number, key = arkd): void {
  const { sighash, leafHash } = digestOf(tx, input, scriptOf(onlyLeafOf(tx, input)));
  const signature = schnorr.sign(hex.decode(sighash), key.secretKey);
  tx.updateInput(input, {
    tapScriptSig: [[{ pubKey: hex.decode(key.pubkey), leafHash: hex.decode(leafHash) }, signature]],
  });
}

export function signAllAsArkd({ ark, checkpoints }: BuiltTx): void {
  for (let i = 0; i < ark.inputsLength; i += 1) signAsArkd(ark, i);
  for (const checkpoint of checkpoints) signAsArkd(checkpoint, 0);
}

export interface Content {
  readonly [field: string]: unknown;
  readonly items: Record<string, unknown>[];
  readonly checkpoint_psbts: string[];
  readonly params: Record<string, unknown>;
}

/** The 31511 content for Alice's inputs of a transaction, complete and consistent whatever the transaction does. */
export function contentFor(
  tx: BuiltTx,
  stage: "ark_tx" | "checkpoint_txs",
  owners: readonly string[],
  sessionId: string,
): Content {
  const items = owners.flatMap((owner, index) => {
    if (owner !== alice.pubkey) return [];
    const checkpoint = tx.checkpoints[index];
    if (checkpoint === undefined) throw new Error("one checkpoint per input");
    const [signed, input] = stage === "ark_tx" ? [tx.ark, index] : [checkpoint, 0];
    const { sighash, leafHash } = digestOf(signed, input, scriptOf(onlyLeafOf(signed, input)));
    const role = stage === "ark_tx" ? "ark" : "checkpoint";
    return [{ role, txid: signed.id, input, sighash, leaf_hash: leafHash, pubkey: alice.pubkey }];
  });
  return withRef({
    session_id: sessionId,
    challenge_id: `challenge-${stage}`,
    type: "sign_tx",
    stage,
    step_index: stage === "ark_tx" ? 1 : 2,
    step_total: 2,
    items,
    ark_psbt: base64.encode(tx.ark.toPSBT()),
    checkpoint_psbts: tx.checkpoints.map((checkpoint) => base64.encode(checkpoint.toPSBT())),
    params: { signer: pins.signer, checkpoint_tapscript: pins.checkpointTapscript, exit_delay: pins.exitDelay },
    algo: "BIP340",
    domain: "arkrelay/p2p_transfer/v1",
    context: { human: "Pay 20000 sats", presign: false },
    expires_at: NOW + 300,
    payload_to_sign: "",
    payload_ref: "",
  });
}

/** Recomputes what is derived from the other fields, as an attacker who changed them would. */
export function withRef(content: Content): Content {
  const { session_id, stage, ark_psbt, checkpoint_psbts, items, params } = content;
  return {
    ...content,
    payload_to_sign: items.map((item) => String(item["sighash"])).join(""),
    payload_ref: payloadRef({ session_id, stage, ark_psbt, checkpoint_psbts, items, params }),
  };
}

const INTENT_EVENT_ID = "e1".repeat(32);
export const SESSION_ID = sessionIdOfIntent(INTENT_EVENT_ID);

/** The challenge event around a content. Its encryption is the Nostr client's business, so the text here is a stand-in. */
export function received(
  content: unknown,
  by: TestKey = gateway,
  about = INTENT_EVENT_ID,
  to = alice.pubkey,
): ReceivedChallenge {
  const tags = [
    ["d", `${SESSION_ID}:1`],
    ["p", to],
    ["e", about],
  ];
  return { content, event: signEvent(by.secretKey, KIND.challenge, "sealed", tags, NOW) };
}

export function options(view: VtxoView, over: Partial<VerifyOptions> = {}): VerifyOptions {
  return {
    intent: { content: anIntent(), eventId: INTENT_EVENT_ID },
    pins,
    myPubkey: alice.pubkey,
    vtxoView: view,
    answered: [],
    now: NOW,
    ...over,
  };
}
