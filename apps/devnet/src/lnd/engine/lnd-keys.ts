import { createHmac } from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";

import type { Party } from "./channel";

/** The node keys of the simulated network, and everything else that follows from its secret. */
export class LndKeys {
  readonly #secrets: Readonly<Record<Party, Uint8Array>>;
  readonly #pubkeys: Readonly<Record<Party, string>>;

  constructor(private readonly secret: Uint8Array) {
    this.#secrets = { node: this.derive("node"), peer: this.derive("peer"), outside: this.derive("outside") };
    const pubkeyOf = (party: Party): string => hex.encode(secp256k1.getPublicKey(this.#secrets[party]));
    this.#pubkeys = { node: pubkeyOf("node"), peer: pubkeyOf("peer"), outside: pubkeyOf("outside") };
  }

  /** 32 bytes for one purpose, the same at every start. */
  derive(purpose: string): Uint8Array {
    return createHmac("sha256", this.secret).update(`lnd/${purpose}`).digest();
  }

  secretOf(party: Party): Uint8Array {
    return this.#secrets[party];
  }

  /** 66 hex. */
  pubkeyOf(party: Party): string {
    return this.#pubkeys[party];
  }

  /** undefined = nobody of this network. */
  partyOf(pubkey: string): Party | undefined {
    return PARTIES.find((party) => this.#pubkeys[party] === pubkey);
  }
}

const PARTIES = ["node", "peer", "outside"] as const satisfies readonly Party[];
