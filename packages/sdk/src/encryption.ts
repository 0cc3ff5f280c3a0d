import { nip04, nip44 } from "nostr-tools";

/** NIP-44 v2 with the shared key of `secretKey` and `peerPubkey`. */
export function encryptNip44(secretKey: Uint8Array, peerPubkey: string, text: string): string {
  return nip44.encrypt(text, nip44.getConversationKey(secretKey, peerPubkey));
}

/** Throws when the MAC is wrong or the payload is no NIP-44 v2. */
export function decryptNip44(secretKey: Uint8Array, peerPubkey: string, payload: string): string {
  return nip44.decrypt(payload, nip44.getConversationKey(secretKey, peerPubkey));
}

/** NIP-04 (AES-CBC, unauthenticated): only for peers that still need it. */
export function encryptNip04(secretKey: Uint8Array, peerPubkey: string, text: string): string {
  return nip04.encrypt(secretKey, peerPubkey, text);
}

export function decryptNip04(secretKey: Uint8Array, peerPubkey: string, payload: string): string {
  return nip04.decrypt(secretKey, peerPubkey, payload);
}

/** The scheme of an encrypted content: only NIP-04 carries `?iv=`. */
export function schemeOf(payload: string): "nip44" | "nip04" {
  return payload.includes("?iv=") ? "nip04" : "nip44";
}

/** Decrypts the content of an event addressed to `secretKey`, in whichever scheme it came. */
export function decryptDm(event: { readonly pubkey: string; readonly content: string }, secretKey: Uint8Array): string {
  const decrypt = schemeOf(event.content) === "nip04" ? decryptNip04 : decryptNip44;
  return decrypt(secretKey, event.pubkey, event.content);
}
