import type { Transaction } from "@arkade-os/sdk";

import type { WalletPins } from "../ark-script.js";
import type { NostrEvent } from "../nostr-event.js";
import type { IntentContent } from "../payloads.js";

/** A VTXO of the wallet's own, from its own indexer view; never from a challenge. */
export interface OwnVtxo {
  readonly vtxoId: string;
  readonly amountSats: bigint;
  /** Output script, hex. */
  readonly script: string;
  readonly assets: readonly { readonly assetId: string; readonly amount: bigint }[];
  /** Spent, swept or unrolled: arkd would refuse it as an input. */
  readonly isSpent: boolean;
  /** Swept by arkd and not spent: a batch gives it back for a proof of its owner. */
  readonly isSwept?: boolean;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** The wallet's VTXOs by id (`txid:vout`). */
export type VtxoView = ReadonlyMap<string, OwnVtxo>;

/** A challenge as it arrived: over Nostr with its event, over HTTP only the content. */
export interface ReceivedChallenge {
  /** Decrypted and JSON-parsed content of the 31511. */
  readonly content: unknown;
  readonly event?: NostrEvent;
}

/** The intent the user approved, and what ties a challenge to it. */
export interface ApprovedIntent {
  readonly content: IntentContent;
  /** Id of the published or attached 31510, when there is one. */
  readonly eventId?: string;
  /** session_id the gateway answered with; not needed when the intent was published (it is derived then). */
  readonly sessionId?: string;
}

/** What a wallet remembers of a challenge it answered; plain data, to be stored by wallets that restart. */
export interface AnsweredChallenge {
  readonly actionId: string;
  readonly sessionId: string;
  readonly challengeId: string;
  readonly payloadRef: string;
  readonly stage: "ark_tx" | "checkpoint_txs" | null;
  readonly arkTxid: string | null;
  readonly checkpointTxids: readonly string[];
  /** VTXO ids spent by the ark tx, foreign ones included. */
  readonly inputs: readonly string[];
}

export interface VerifyOptions {
  readonly intent: ApprovedIntent;
  readonly pins: WalletPins;
  /** x-only 64 hex. */
  readonly myPubkey: string;
  readonly vtxoView: VtxoView;
  /** Every challenge this wallet answered before. */
  readonly answered: readonly AnsweredChallenge[];
  /** The answer to stage ark_tx of this session; needed for stage checkpoint_txs. */
  readonly previous?: AnsweredChallenge;
  /** Let stage ark_tx also ask for checkpoint signatures (swaps). The wallet then trusts gateway and arkd not to collude. */
  readonly allowPresign?: boolean;
  /** Unix seconds. */
  readonly now: number;
}

/** One input of the ark tx together with the checkpoint it spends. */
export interface LinkedInput {
  readonly index: number;
  readonly checkpoint: Transaction;
  /** The VTXO under the checkpoint. */
  readonly vtxoId: string;
  readonly amountSats: bigint;
  /** Set when the VTXO is the wallet's. */
  readonly own: OwnVtxo | undefined;
}

export interface LinkedTx {
  readonly ark: Transaction;
  readonly inputs: readonly LinkedInput[];
}
