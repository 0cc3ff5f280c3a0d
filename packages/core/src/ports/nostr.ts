import type { Tx } from "./transactions";

/** What is signed: NIP-01 without id, pubkey and signature. `created_at` is in unix seconds. */
export interface NostrEventTemplate {
  readonly kind: number;
  readonly created_at: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
}

/** A complete NIP-01 event, as it is stored and sent. */
export interface NostrEvent extends NostrEventTemplate {
  readonly id: string;
  readonly pubkey: string;
  readonly sig: string;
}

/** How a peer encrypts: NIP-44 v2, or NIP-04 for older wallets. We answer in the scheme the peer last used. */
export type DmScheme = "nip44" | "nip04";

/** The gateway's Nostr key behind a border: its secret never leaves packages/nostr. All calls are synchronous and local. */
export interface GatewayIdentity {
  readonly pubkey: string;
  /**
   * Ours, newest first: the current key and those of NOSTR_PREVIOUS_KEYS, to which people may still write. The `p` of what they send must
   * be one of them.
   */
  readonly readablePubkeys: readonly string[];
  sign(template: NostrEventTemplate): NostrEvent;
  encrypt(peerPubkey: string, plainText: string, scheme: DmScheme): string;
  /** Throws `decryption_failed`. The scheme is recognised by the content (`?iv=` means NIP-04). */
  decrypt(peerPubkey: string, content: string): { plainText: string; scheme: DmScheme };
}

/**
 * Events to publish, written in the transaction of the effect they announce: one row per event and configured relay.
 * The relayer of the services process sends them; a repeat sends the same signed bytes.
 */
export interface NostrOutbox {
  /** `subject` names what the event is about (session id, action id) for the timeline. Inserting the same event twice is harmless. */
  insert(tx: Tx, event: NostrEvent, subject: string): Promise<void>;
  /** created_at of the newest event of ours with this kind and `d` tag, so that a replacement is newer. */
  findLastCreatedAt(tx: Tx, kind: number, dTag: string): Promise<number | undefined>;
  /** Sends a stored event again, the same signed bytes: somebody asked for an outcome that was published before. */
  resend(tx: Tx, eventId: string): Promise<void>;
  /** The same for the newest event of ours with this kind and `d`; nothing when there is none. */
  resendLast(tx: Tx, kind: number, dTag: string): Promise<void>;
}

/** How each peer encrypts: remembered from what it sent last. */
export interface NostrPeers {
  /** The configured default for a peer we have not heard from. */
  findScheme(pubkey: string): Promise<DmScheme>;
  remember(tx: Tx, pubkey: string, scheme: DmScheme): Promise<void>;
}
