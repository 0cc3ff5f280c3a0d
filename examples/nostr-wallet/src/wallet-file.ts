import { readFileSync, renameSync, writeFileSync } from "node:fs";

import type { Event } from "nostr-tools/pure";

import type { Pins } from "./pins.js";
import type { SignedTransaction } from "./verify-challenge.js";

/** A payment that has no result yet. Kept until it has one: its second signature may be asked for after a crash. */
export interface OpenPayment {
  /** The signed 31510. Sending it again is harmless: it is the same payment. */
  readonly intent: Event;
  /** What was signed for it in stage ark_tx. */
  readonly signed?: SignedTransaction;
}

export interface Wallet {
  /** 64 hex. It is the wallet's Nostr identity and the owner of its VTXOs alike. */
  readonly secretKey: string;
  readonly gatewayPubkey: string;
  readonly relays: readonly string[];
  readonly pins: Pins;
  /** By action_id. */
  readonly payments: Readonly<Record<string, OpenPayment>>;
}

export function readWallet(file: string): Wallet {
  return JSON.parse(readFileSync(file, "utf8")) as Wallet;
}

/** Replaces the file as a whole, so that a crash leaves the old one or the new one. Only its owner may read it. */
export function saveWallet(file: string, wallet: Wallet): void {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(wallet, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** undefined = the payment has its result. */
export function savePayment(file: string, actionId: string, payment: OpenPayment | undefined): void {
  const wallet = readWallet(file);
  const { [actionId]: _before, ...others } = wallet.payments;
  saveWallet(file, { ...wallet, payments: payment === undefined ? others : { ...others, [actionId]: payment } });
}
