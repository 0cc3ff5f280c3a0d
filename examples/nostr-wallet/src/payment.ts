import { schnorr } from "@noble/curves/secp256k1.js";
import type { Event } from "nostr-tools/pure";

import { readVtxos } from "./account.js";
import { vtxoScript } from "./ark-scripts.js";
import { fromHex, sha256Hex, toHex } from "./bytes.js";
import { type GatewayLink, GatewayRefusal, KIND, newId, nowSeconds } from "./gateway-link.js";
import {
  type Approval,
  type Challenge,
  type SignedTransaction,
  type VerifiedChallenge,
  verifyArkTx,
  verifyCheckpoints,
} from "./verify-challenge.js";
import { type OpenPayment, readWallet, savePayment, type Wallet } from "./wallet-file.js";

/** Content of a 31510. */
export interface Intent {
  readonly action_id: string;
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Unix seconds. */
  readonly expires_at: number;
}

export interface PaymentResult {
  readonly txid: string;
  readonly paymentHash: string | undefined;
}

/** Called when a signature is about to leave the wallet. */
export type OnSigned = (signed: SignedTransaction, stage: "ark_tx" | "checkpoint_txs") => void;

const INTENT_SECONDS = 600;
/** Longer than a session lives: no result by then means that it has to be looked for again (`resume`). */
const RESULT_MS = 20 * 60_000;

export function transferIntent(recipientPubkey: string, amountSats: number, { pins }: Wallet): Intent {
  return {
    action_id: newId("pay"),
    type: "p2p_transfer",
    params: {
      asset_id: "gBTC",
      amount: amountSats,
      recipient_pubkey: recipientPubkey,
      fee_asset_id: "gBTC",
      fee_amount: pins.feeSats,
    },
    expires_at: nowSeconds() + INTENT_SECONDS,
  };
}

/** The intent as the signed event that it is kept and sent as. */
export function signIntent(link: GatewayLink, intent: Intent): Event {
  const tags = [
    ["d", intent.action_id],
    ["v", "1"],
  ];
  return link.sign(KIND.intent, JSON.stringify(intent), tags, intent.expires_at);
}

/**
 * Sends an intent, signs what proves to be what it says, and waits for the result. Rejects with Refused when a challenge is something
 * else, with GatewayRefusal when the gateway says no. The wallet's file remembers the payment until it has its result.
 */
export async function settle(
  link: GatewayLink,
  file: string,
  event: Event,
  onSigned: OnSigned,
): Promise<PaymentResult> {
  const wallet = readWallet(file);
  const intent = JSON.parse(event.content) as Intent;
  const approval = approvalOf(link.pubkey, wallet, intent, event);
  const open: OpenPayment = wallet.payments[intent.action_id] ?? { intent: event };
  const save: OnSigned = (signed, stage) => {
    savePayment(file, intent.action_id, { ...open, signed });
    onSigned(signed, stage);
  };
  savePayment(file, intent.action_id, open);
  const signer = new ChallengeSigner(link, approval, fromHex(wallet.secretKey), open.signed, save);
  const result = await awaitResult(link, intent, event, signer);
  savePayment(file, intent.action_id, undefined);
  if (result instanceof GatewayRefusal) throw result;
  return result;
}

/** What the transaction has to do, read out of the intent that the user saw and of nothing else. */
function approvalOf(pubkey: string, { pins }: Wallet, { type, params }: Intent, event: Event): Approval {
  const sessionId = sha256Hex(Buffer.concat([Buffer.from("arkrelay/session"), fromHex(event.id)]));
  const amount = BigInt(Number(params["amount"]));
  const fee = BigInt(Number(params["fee_amount"]));
  const shared = { pubkey, sessionId, pins };
  // A land pays amount and fee to the gateway's land script; of a transfer the fee goes to an output of the gateway's own.
  if (type === "lightning:land") {
    return { ...shared, recipientScript: pins.landScript, paidSats: amount + fee, gainSats: 0n };
  }
  const recipientScript = toHex(vtxoScript(String(params["recipient_pubkey"]), pins));
  return { ...shared, recipientScript, paidSats: amount, gainSats: fee };
}

/** Result ids at relays: of the action, and of a notice about this one event. The author is part of the hash. */
export function resultIds(pubkey: string, actionId: string, eventId?: string): string[] {
  const id = sha256Hex(`${pubkey}:${actionId}`).slice(0, 32);
  return eventId === undefined ? [id] : [id, `${id}:${eventId}`];
}

interface Confirmation {
  readonly results: { readonly txid: string; readonly payment_hash?: string };
}

/** The outcome that a 31340 or a 31341 tells. */
export function readResult(link: GatewayLink, event: Event): PaymentResult | GatewayRefusal {
  if (event.kind === KIND.confirmation) {
    const { results } = JSON.parse(event.content) as Confirmation;
    return { txid: results.txid, paymentHash: results.payment_hash };
  }
  const { code, message } = link.decrypt(event) as { readonly code: number; readonly message: string };
  return new GatewayRefusal(code, message);
}

async function awaitResult(
  link: GatewayLink,
  intent: Intent,
  event: Event,
  signer: ChallengeSigner,
): Promise<PaymentResult | GatewayRefusal> {
  const stops: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("no result yet; `resume` goes on waiting")), RESULT_MS);
      stops.push(
        link.listen({ kinds: [KIND.challenge], "#p": [link.pubkey], "#e": [event.id] }, (challenge) => {
          signer.take(challenge).catch(reject);
        }),
        link.listen(
          {
            kinds: [KIND.confirmation, KIND.failure],
            "#d": resultIds(link.pubkey, intent.action_id, event.id),
          },
          (result) => resolve(readResult(link, result)),
        ),
      );
      link.publish(event).catch(reject);
    });
  } finally {
    clearTimeout(timer);
    for (const stop of stops) stop();
  }
}

/** Answers the challenges of one payment, one after the other, and each of them once. */
class ChallengeSigner {
  private readonly answered = new Set<string>();
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly link: GatewayLink,
    private readonly approval: Approval,
    private readonly secretKey: Uint8Array,
    private signed: SignedTransaction | undefined,
    private readonly save: OnSigned,
  ) {}

  take(event: Event): Promise<void> {
    this.queue = this.queue.then(() => this.answer(event));
    return this.queue;
  }

  private async answer(event: Event): Promise<void> {
    const challenge = this.link.decrypt(event) as Challenge;
    if (this.answered.has(challenge.challenge_id) || isOver(challenge)) return;
    const verified = await this.verify(challenge);
    // Before the signature leaves: whatever happens next, the wallet knows what it has signed.
    this.signed = verified.transaction;
    this.save(verified.transaction, challenge.stage ?? "ark_tx");
    const signatures = verified.items.map(({ txid, input, sighash }) => ({
      txid,
      input,
      sig: toHex(schnorr.sign(fromHex(sighash), this.secretKey)),
    }));
    const { session_id, type, payload_ref, challenge_id } = challenge;
    const answer = { session_id, type, payload_ref, challenge_id, algo: "BIP340", signatures };
    const tags = [
      ["e", event.id],
      ["d", event.tags.find(([name]) => name === "d")?.[1] ?? session_id],
    ];
    await this.link.publish(this.link.sign(KIND.answer, this.link.encrypt(JSON.stringify(answer)), tags));
    this.answered.add(challenge_id);
  }

  private async verify(challenge: Challenge): Promise<VerifiedChallenge> {
    if (challenge.stage === "checkpoint_txs") return verifyCheckpoints(challenge, this.approval, this.signed);
    const { vtxos } = await readVtxos(this.link);
    return verifyArkTx(challenge, this.approval, vtxos, this.signed);
  }
}

/** Relays keep a challenge that is over. The second one has no end: once arkd has accepted, only a signature leads on. */
function isOver({ stage, expires_at }: Challenge): boolean {
  return stage !== "checkpoint_txs" && Date.parse(expires_at) <= Date.now();
}
