/** NIP-01 event. */
export interface NostrEvent {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: string[][];
  readonly content: string;
  readonly sig: string;
}

/** What a signer completes to an event; without `created_at` it is now. */
export interface EventDraft {
  readonly kind: number;
  readonly content: string;
  readonly tags: string[][];
  readonly created_at?: number;
}
