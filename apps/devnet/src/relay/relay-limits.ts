/** What the relay refuses, and what its NIP-11 document says it refuses. Generous: a gateway must notice other relays' limits, not ours. */
export const RELAY_LIMITS = {
  /** The gateway reads events up to 128 KiB; NIP-44 of the longest plain text is 88 KB. */
  max_message_length: 262_144,
  max_subscriptions: 200,
  max_filters: 20,
  max_limit: 5_000,
  max_subid_length: 64,
  max_event_tags: 2_000,
  max_content_length: 200_000,
  /** Common among public relays; wallets with a wrong clock are to find out here. */
  created_at_upper_limit: 900,
} as const;

/** The NIP-11 document. */
export function relayInformation(isAuthRequired: boolean): unknown {
  return {
    name: "devnet relay",
    description: "A relay for development. Everything on it can be lost at any time.",
    supported_nips: [1, 11, 40, 42],
    software: "arkrelay-devnet",
    version: "1",
    limitation: {
      ...RELAY_LIMITS,
      auth_required: isAuthRequired,
      payment_required: false,
      restricted_writes: isAuthRequired,
    },
  };
}
