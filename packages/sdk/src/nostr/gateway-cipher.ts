import { schemeOf } from "../encryption.js";
import type { NostrEvent } from "../nostr-event.js";
import type { Signer } from "../signer.js";
import { parseJson } from "./parse-json.js";

/** What wallet and gateway say to each other alone, in the schemes that the wallet's signer knows. */
export class GatewayCipher {
  readonly #signer: Signer;
  readonly #gatewayPubkey: string;

  constructor(signer: Signer, gatewayPubkey: string) {
    this.#signer = signer;
    this.#gatewayPubkey = gatewayPubkey;
  }

  /** The parsed content, or undefined when it is not for us or is no JSON. */
  async decrypt(event: NostrEvent): Promise<unknown> {
    const cipher = this.#signer[schemeOf(event.content)];
    if (cipher === undefined) return undefined;
    try {
      return parseJson(await cipher.decrypt(event.pubkey, event.content));
    } catch {
      return undefined;
    }
  }

  /** For the gateway, which answers in the scheme it was asked in. */
  async encrypt(text: string): Promise<string> {
    const cipher = this.#signer.nip44 ?? this.#signer.nip04;
    if (cipher === undefined) throw new TypeError("this signer cannot encrypt");
    return cipher.encrypt(this.#gatewayPubkey, text);
  }

  /** Answers in the scheme that `sample` came in. */
  async encryptLike(sample: string, text: string): Promise<string> {
    const scheme = schemeOf(sample);
    const cipher = this.#signer[scheme];
    if (cipher === undefined) throw new TypeError(`this signer cannot encrypt with ${scheme}`);
    return cipher.encrypt(this.#gatewayPubkey, text);
  }
}
