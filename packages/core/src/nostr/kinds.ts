/**
 * Event kinds the gateway speaks. 30000-39999 are addressable (NIP-01): relays keep the newest event per kind, pubkey and
 * `d`, so every event we sign carries a `d` of its own.
 */
export const SERVICE_REQUEST_KIND = 31500;
export const SERVICE_RESPONSE_KIND = 31501;
export const NOTIFICATION_KIND = 31502;
export const INTENT_KIND = 31510;
export const CHALLENGE_KIND = 31511;
export const RESPONSE_KIND = 31512;
export const CONFIRMATION_KIND = 31340;
export const FAILURE_KIND = 31341;
export const COMMITMENT_KIND = 31342;

/** NIP-01: a plain note. Only to see whether relays take what we send. */
export const NOTE_KIND = 1;
/** NIP-04, for peers who read nothing newer. */
export const DIRECT_MESSAGE_KIND = 4;
/** NIP-17 message inside a NIP-59 seal; it is never signed or sent by itself. */
export const PRIVATE_MESSAGE_KIND = 14;
export const SEAL_KIND = 13;

/** What the gateway takes in from relays; every other kind is dropped at the door. */
export const INBOUND_KINDS = [SERVICE_REQUEST_KIND, INTENT_KIND, RESPONSE_KIND] as const;
export type InboundKind = (typeof INBOUND_KINDS)[number];

export function isInboundKind(kind: number): kind is InboundKind {
  return INBOUND_KINDS.some((known) => known === kind);
}
