import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64, hex } from "@scure/base";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { AppError } from "../errors";
import { multisigKeysOf } from "./multisig-keys";
import {
  ByteReader,
  compareBytes,
  concatBytes,
  decodePsbtMaps,
  encodePsbtMaps,
  littleEndian,
  type PsbtField,
  type PsbtMaps,
} from "./psbt-maps";
import type { InputSighash } from "./sighash";

/** Types of input fields (BIP174, BIP371). */
const WITNESS_UTXO = 0x01;
const TAP_SCRIPT_SIG = 0x14;
const TAP_LEAF_SCRIPT = 0x15;

/** Hash type DEFAULT spending by script, no annex, no code separator (BIP341, BIP342). */
const EPOCH_AND_DEFAULT = Uint8Array.of(0, 0);
const SPEND_BY_SCRIPT = Uint8Array.of(2);
const LEAF_TAIL = Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff);

/**
 * An ark tx or a checkpoint as PSBT v0: what each input spends and signs, and who has signed. Signatures are all that can be
 * added, so whatever else is read from it stays as it was parsed. The general reader of the SDK does the same several times
 * slower: it checks every key on the curve, in JavaScript, each time it reads or writes one.
 */
export class ArkPsbt {
  readonly id: string;
  readonly inputsLength: number;
  readonly #maps: PsbtMaps;
  readonly #sighashes = new Map<number, InputSighash>();
  #prevouts: Uint8Array | undefined;

  /** Throws `payload_mismatch` when it is no PSBT v0. */
  static parse(psbt: string): ArkPsbt {
    try {
      return new ArkPsbt(decodePsbtMaps(base64.decode(psbt)));
    } catch (cause) {
      throw new AppError("payload_mismatch", { message: "Not a PSBT", cause });
    }
  }

  private constructor(maps: PsbtMaps) {
    this.#maps = maps;
    this.id = hex.encode(sha256(sha256(maps.unsignedTx.bytes)).reverse());
    this.inputsLength = maps.inputs.length;
  }

  encode(): string {
    return base64.encode(encodePsbtMaps(this.#maps));
  }

  hasInput(input: number): boolean {
    return Number.isInteger(input) && input >= 0 && input < this.inputsLength;
  }

  /** The outpoint an input spends, `txid:vout`. */
  outpointOf(input: number): string {
    const { outpoint } = this.#txInput(input);
    return `${hex.encode(outpoint.slice(0, 32).reverse())}:${littleEndian(outpoint.subarray(32))}`;
  }

  /**
   * What a signature of one input signs, see `sighashOf`: made here from the transaction, its prevouts and the one leaf of the
   * input. Throws `payload_mismatch` {txid, input} when the PSBT lacks what it takes.
   */
  sighashOf(input: number): InputSighash {
    const known = this.#sighashes.get(input);
    if (known !== undefined) return known;
    const { script, version } = this.#onlyLeaf(input);
    const leafHash = tapLeafHash(script, version);
    const index = Uint8Array.of(input & 0xff, (input >> 8) & 0xff, (input >> 16) & 0xff, input >>> 24);
    const message = [this.#commonMessage(), SPEND_BY_SCRIPT, index, leafHash, LEAF_TAIL];
    const sighash = {
      sighash: schnorr.utils.taggedHash("TapSighash", concatBytes(message)),
      leafHash,
      pubkeys: this.#keysOf(input, script),
    };
    this.#sighashes.set(input, sighash);
    return sighash;
  }

  /** The signature of a key as it stands there, unverified; over any leaf. */
  findSignature(input: number, pubkey: string): Uint8Array | undefined {
    const signed = this.#fields(input, TAP_SCRIPT_SIG).find(({ key }) => hex.encode(key.subarray(1, 33)) === pubkey);
    return signed?.value;
  }

  /** Adds a signature that has been verified, over the leaf of the input. */
  addSignature(input: number, pubkey: string, sig: Uint8Array): void {
    const { leafHash } = this.sighashOf(input);
    const key = concatBytes([Uint8Array.of(TAP_SCRIPT_SIG), hex.decode(pubkey), leafHash]);
    const fields = this.#inputMap(input);
    if (fields.some((field) => compareBytes(field.key, key) === 0)) throw this.#mismatch(input, "Signed already");
    const next = fields.findIndex((field) => compareBytes(field.key, key) > 0);
    fields.splice(next === -1 ? fields.length : next, 0, { key, value: sig });
  }

  /** All of the message that the inputs share. It commits to the script and amount of every prevout. */
  #commonMessage(): Uint8Array {
    if (this.#prevouts !== undefined) return this.#prevouts;
    const { version, lockTime, inputs, outputs } = this.#maps.unsignedTx;
    const prevouts = inputs.map((_, input) => this.#witnessUtxo(input));
    this.#prevouts = concatBytes([
      EPOCH_AND_DEFAULT,
      version,
      lockTime,
      sha256(concatBytes(inputs.map(({ outpoint }) => outpoint))),
      sha256(concatBytes(prevouts.map((prevout) => prevout.subarray(0, 8)))),
      sha256(concatBytes(prevouts.map((prevout) => prevout.subarray(8)))),
      sha256(concatBytes(inputs.map(({ sequence }) => sequence))),
      sha256(concatBytes(outputs)),
    ]);
    return this.#prevouts;
  }

  /** Amount (8 bytes) and script with its length: the wire form of an output. */
  #witnessUtxo(input: number): Uint8Array {
    const [field] = this.#fields(input, WITNESS_UTXO);
    if (field === undefined) throw this.#mismatch(input, "An input has no witness UTXO");
    try {
      const reader = new ByteReader(field.value);
      reader.take(8);
      reader.take(reader.compactSize());
      reader.end();
    } catch (cause) {
      throw this.#mismatch(input, "The witness UTXO of an input is no output", cause);
    }
    return field.value;
  }

  #onlyLeaf(input: number): { script: Uint8Array; version: number } {
    const leaves = this.#fields(input, TAP_LEAF_SCRIPT);
    const [leaf] = leaves;
    // With two leaves the signer could mean the one and the verifier the other.
    if (leaf === undefined || leaves.length !== 1) throw this.#mismatch(input, "An input needs exactly one leaf");
    return { script: leaf.value.subarray(0, -1), version: leaf.value.at(-1) ?? 0 };
  }

  #keysOf(input: number, script: Uint8Array): readonly string[] {
    try {
      return multisigKeysOf(script);
    } catch (cause) {
      throw this.#mismatch(input, "An input spends no collaborative leaf", cause);
    }
  }

  #fields(input: number, type: number): readonly PsbtField[] {
    return this.#inputMap(input).filter(({ key }) => key[0] === type);
  }

  #inputMap(input: number): PsbtField[] {
    const map = this.#maps.inputs[input];
    if (map === undefined) throw this.#mismatch(input, "No such input");
    return map;
  }

  #txInput(input: number) {
    const txInput = this.#maps.unsignedTx.inputs[input];
    if (txInput === undefined) throw this.#mismatch(input, "No such input");
    return txInput;
  }

  #mismatch(input: number, message: string, cause?: unknown): AppError {
    return new AppError("payload_mismatch", { message, details: { txid: this.id, input }, cause });
  }
}
