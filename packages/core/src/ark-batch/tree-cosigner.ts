import { hex } from "@scure/base";
import { nonceAggregate, nonceGen, Session } from "@scure/btc-signer/musig2.js";

import { AppError, assert } from "../errors";
import type { Random } from "../ports/random";
import type { CheckedNode, CheckedTree } from "./vtxo-tree";

/** 66 bytes, two points. */
const NONCE_LENGTH = 132;

export interface CosignerKey {
  /** 32 bytes. Never logged, stored or sent. */
  readonly secretKey: Uint8Array;
  /** Compressed, 66 hex. */
  readonly pubkey: string;
}

/**
 * Our half of the MuSig2 signing of one VTXO tree. A secret nonce signs once: it lives in here alone, is gone when the batch is, and
 * a batch that fails is never taken up again.
 */
export class TreeCosigner {
  private readonly secretNonces = new Map<string, Uint8Array>();
  private readonly publicNonces = new Map<string, string>();
  private readonly aggregated = new Map<string, Uint8Array>();
  private hasSigned = false;

  constructor(
    private readonly tree: CheckedTree,
    private readonly key: CosignerKey,
    random: Pick<Random, "bytes">,
  ) {
    for (const { txid } of this.own) {
      const { secret, public: shown } = nonceGen(
        hex.decode(key.pubkey),
        key.secretKey,
        undefined,
        undefined,
        undefined,
        random.bytes(32),
      );
      this.secretNonces.set(txid, secret);
      this.publicNonces.set(txid, hex.encode(shown));
    }
  }

  /** Hex by txid. */
  get nonces(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.publicNonces);
  }

  /** Takes what all cosigners of one transaction have shown, by x-only key. Returns whether all transactions have theirs. */
  addNonces(txid: string, shown: Readonly<Record<string, string>>): boolean {
    const node = this.own.find((each) => each.txid === txid);
    if (node === undefined) return this.isComplete;
    const nonces = node.cosigners.map((cosigner) => {
      const pubkey = hex.encode(cosigner);
      // Ours as we made it: another one in its place would have us sign with a nonce that is not ours.
      const nonce = pubkey === this.key.pubkey ? this.publicNonces.get(txid) : shown[pubkey.slice(2)];
      if (nonce?.length !== NONCE_LENGTH) throw refuse(`${txid} lacks a nonce of ${pubkey}`);
      return hex.decode(nonce);
    });
    if (!this.aggregated.has(txid)) this.aggregated.set(txid, nonceAggregate(nonces));
    return this.isComplete;
  }

  /** Partial signatures, hex by txid; once. */
  sign(): Readonly<Record<string, string>> {
    assert(!this.hasSigned, "a nonce signs once");
    this.hasSigned = true;
    return Object.fromEntries(this.own.map((node) => [node.txid, hex.encode(this.signNode(node))]));
  }

  private signNode({ txid, cosigners, sighash, tapTweak }: CheckedNode): Uint8Array {
    const nonce = this.aggregated.get(txid);
    const secretNonce = this.secretNonces.get(txid);
    assert(nonce !== undefined && secretNonce !== undefined, "every transaction has its nonces");
    return new Session(nonce, [...cosigners], sighash, [tapTweak], [true]).sign(secretNonce, this.key.secretKey);
  }

  private get isComplete(): boolean {
    return this.aggregated.size === this.publicNonces.size;
  }

  private get own(): readonly CheckedNode[] {
    return this.tree.nodes.filter(({ cosigners }) => cosigners.some((key) => hex.encode(key) === this.key.pubkey));
  }
}

function refuse(internal: string): AppError {
  return new AppError("payload_mismatch", { message: "arkd's batch is not what was asked for", internal });
}
