import { hex } from "@scure/base";
import { Session, nonceAggregate, nonceGen } from "@scure/btc-signer/musig2.js";
import { verifySchnorr } from "tiny-secp256k1";

import { ArkdError } from "../engine/arkd-error";
import { aggregateKeys, sortedKeys, tapTweakOf } from "./aggregate-keys";
import type { TreeNode } from "./build-batch";

type BytesByTxid = ReadonlyMap<string, Uint8Array>;

/**
 * The server's half of the MuSig2 signing of one VTXO tree: it collects the nonces and partial signatures of every cosigner,
 * adds its own and verifies each.
 */
export class TreeSigning {
  readonly #nonces = new Map<string, BytesByTxid>();
  readonly #signatures = new Map<string, BytesByTxid>();
  readonly #secretNonces = new Map<string, Uint8Array>();

  constructor(
    private readonly nodes: readonly TreeNode[],
    private readonly sweepLeafHash: Uint8Array,
    private readonly server: { readonly secret: Uint8Array; readonly pubkey: string },
    randomBytes: () => Uint8Array,
  ) {
    const own = new Map<string, Uint8Array>();
    for (const { tx } of nodes) {
      const key = hex.decode(server.pubkey);
      const nonces = nonceGen(key, server.secret, undefined, undefined, undefined, randomBytes());
      this.#secretNonces.set(tx.id, nonces.secret);
      own.set(tx.id, nonces.public);
    }
    this.#nonces.set(server.pubkey, own);
  }

  /** Every key that signs some tx of the tree. */
  get cosigners(): readonly string[] {
    return [...new Set(this.nodes.flatMap(({ cosigners }) => cosigners))];
  }

  hasAllNonces(): boolean {
    return this.cosigners.every((pubkey) => this.#nonces.has(pubkey));
  }

  hasAllSignatures(): boolean {
    return this.cosigners.every((pubkey) => pubkey === this.server.pubkey || this.#signatures.has(pubkey));
  }

  addNonces(pubkey: string, nonces: Readonly<Record<string, string>>): void {
    if (this.#nonces.has(pubkey)) throw new ArkdError("INVALID_SIGNATURE", `nonces of ${pubkey} are there already`);
    this.#nonces.set(pubkey, this.#read(pubkey, nonces, 66));
  }

  /** Verifies each partial signature at once. */
  addSignatures(pubkey: string, signatures: Readonly<Record<string, string>>): void {
    if (this.#signatures.has(pubkey)) throw new ArkdError("INVALID_SIGNATURE", `${pubkey} has signed already`);
    const read = this.#read(pubkey, signatures, 32);
    for (const node of this.#nodesOf(pubkey)) {
      const { session, keys, pubNonces } = this.#session(node);
      const position = keys.findIndex((key) => hex.encode(key) === pubkey);
      const partial = read.get(node.tx.id);
      if (partial === undefined || !session.partialSigVerify(partial, pubNonces, position)) {
        throw new ArkdError("INVALID_SIGNATURE", `invalid tree signature of ${pubkey}`, { txid: node.tx.id });
      }
    }
    this.#signatures.set(pubkey, read);
  }

  /** Public nonces of one tx by x-only cosigner key, as the events carry them. */
  noncesOf({ tx, cosigners }: TreeNode): Record<string, string> {
    return Object.fromEntries(
      cosigners.map((pubkey) => [
        pubkey.slice(2),
        hex.encode(this.#nonces.get(pubkey)?.get(tx.id) ?? new Uint8Array()),
      ]),
    );
  }

  /** The final signature of every tx, by txid. */
  finish(): BytesByTxid {
    return new Map(this.nodes.map((node) => [node.tx.id, this.#aggregate(node)]));
  }

  #aggregate(node: TreeNode): Uint8Array {
    const { session, keys, message } = this.#session(node);
    const secretNonce = this.#secretNonces.get(node.tx.id);
    if (secretNonce === undefined) throw new Error("a tx without the server's nonce");
    const partials = keys.map((key) => {
      const pubkey = hex.encode(key);
      const partial =
        pubkey === this.server.pubkey
          ? session.sign(secretNonce, this.server.secret)
          : this.#signatures.get(pubkey)?.get(node.tx.id);
      if (partial === undefined) throw new Error(`no signature of ${pubkey}`);
      return partial;
    });
    const signature = session.partialSigAgg(partials);
    const finalKey = aggregateKeys(node.cosigners, this.sweepLeafHash).subarray(1);
    if (!verifySchnorr(message, finalKey, signature)) throw new Error("the aggregated signature does not verify");
    return signature;
  }

  #session(node: TreeNode) {
    const keys = sortedKeys(node.cosigners);
    const pubNonces = keys.map((key) => {
      const nonce = this.#nonces.get(hex.encode(key))?.get(node.tx.id);
      if (nonce === undefined) throw new ArkdError("INVALID_SIGNATURE", "not every nonce is there yet");
      return nonce;
    });
    const { script, amount } = node.prevout;
    const message = node.tx.preimageWitnessV1(0, [script], 0, [amount]);
    const tweak = tapTweakOf(keys, this.sweepLeafHash);
    return {
      session: new Session(nonceAggregate(pubNonces), keys, message, [tweak], [true]),
      keys,
      pubNonces,
      message,
    };
  }

  #nodesOf(pubkey: string): readonly TreeNode[] {
    return this.nodes.filter(({ cosigners }) => cosigners.includes(pubkey));
  }

  #read(pubkey: string, values: Readonly<Record<string, string>>, bytes: number): BytesByTxid {
    const own = this.#nodesOf(pubkey);
    if (own.length === 0) throw new ArkdError("INVALID_SIGNATURE", `${pubkey} is no cosigner of this batch`);
    return new Map(
      own.map(({ tx }) => {
        const value = values[tx.id] ?? "";
        if (!new RegExp(`^[0-9a-f]{${bytes * 2}}$`).test(value)) {
          throw new ArkdError("INVALID_SIGNATURE", `malformed or missing value for ${tx.id}`, { txid: tx.id });
        }
        return [tx.id, hex.decode(value)] as const;
      }),
    );
  }
}
