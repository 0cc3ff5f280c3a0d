import {
  Intent,
  Transaction,
  TxTree,
  VtxoTaprootTree,
  buildForfeitTx,
  SingleKey,
  type SignerSession,
  validateConnectorsTxGraph,
  validateVtxoTxGraph,
  CSVMultisigTapscript,
} from "@arkade-os/sdk";
import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64, hex } from "@scure/base";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import type { GetEventStreamResponse } from "@arkrelay/daemons/proto/ark/v1/service";

import type { BatchEvent } from "../batch/batch-streams";
import type { ArkdEngine } from "../engine/arkd-engine";
import { utf8 } from "../engine/bytes";
import { addSignature, leafScriptOf, leavesOf, sighashOf, toPsbt } from "../engine/psbt";
import { forfeitScriptOf } from "../engine/server-keys";
import { type Coin, type Payment, type ServerParams, scriptOf } from "./a-transfer";

const SIGHASH_ALL = 1;

/** An intent proof by the SDK's own builder, every input signed by the owner of its coin. */
export function anIntent(
  server: ServerParams,
  coins: readonly Coin[],
  payments: readonly Payment[],
  message: Intent.Message,
  packet: readonly { readonly script: Uint8Array; readonly amount: bigint }[] = [],
): { proof: string; message: string } {
  const text = Intent.encodeMessage(message);
  const inputs = coins.map((coin) => {
    const script = scriptOf(coin.owner, server);
    const [txid = "", vout = "0"] = coin.vtxoId.split(":");
    return {
      txid: hex.decode(txid),
      index: Number(vout),
      witnessUtxo: { amount: BigInt(coin.amountSats), script: script.pkScript },
      tapLeafScript: [script.forfeit()],
      unknown: [VtxoTaprootTree.encode(script.encode())],
    };
  });
  const outputs = [...payments.map(({ script, amountSats }) => ({ script, amount: amountSats })), ...packet];
  const proof = Intent.create(text, inputs, outputs);
  for (let index = 0; index < proof.inputsLength; index += 1) {
    const owner = coins[Math.max(0, index - 1)]?.owner;
    if (owner === undefined) throw new Error("an input without its coin");
    signAs(proof, index, owner, SIGHASH_ALL);
  }
  return { proof: toPsbt(proof), message: text };
}

export function registerMessage(cosigners: readonly string[], expireAt = 0): Intent.RegisterMessage {
  return {
    type: "register",
    onchain_output_indexes: [],
    valid_at: 0,
    expire_at: expireAt,
    cosigners_public_keys: [...cosigners],
  };
}

function signAs(tx: Transaction, index: number, owner: Coin["owner"], hashType: number): void {
  const [leaf] = leavesOf(tx, index);
  if (leaf === undefined) throw new Error("no leaf to sign for");
  const leafScript = leafScriptOf(leaf);
  const signature = schnorr.sign(sighashOf(tx, index, leafScript, hashType), owner.secret);
  const encoded = hashType === 0 ? signature : Uint8Array.of(...signature, hashType);
  addSignature(tx, index, leafScript, owner.pubkey, encoded);
}

/**
 * The wallet's half of a batch, with the SDK's tree, validation and signing session: the simulator is held to what a real client
 * checks. `answers` says which calls it makes; one that is left out is how a client goes missing.
 */
export class BatchWallet {
  readonly seen: BatchEvent[] = [];
  readonly signer: SignerSession;
  #intentId = "";
  #sweepRoot = new Uint8Array();
  #vtxoNodes: { txid: string; tx: string; children: Record<number, string> }[] = [];
  #connectorNodes: { txid: string; tx: string; children: Record<number, string> }[] = [];
  #tree: TxTree | undefined;
  #work: Promise<void> = Promise.resolve();
  /** Rejections of the server and failed checks. */
  readonly errors: unknown[] = [];

  constructor(
    private readonly engine: ArkdEngine,
    private readonly server: ServerParams,
    private readonly coins: readonly Coin[],
    label: string,
    private readonly answers: ReadonlySet<"confirm" | "nonces" | "signatures" | "forfeits"> = new Set([
      "confirm",
      "nonces",
      "signatures",
      "forfeits",
    ]),
  ) {
    this.signer = SingleKey.fromPrivateKey(sha256(utf8(`cosigner/${label}`))).signerSession();
  }

  async cosigner(): Promise<string> {
    return hex.encode(await this.signer.getPublicKey());
  }

  async register(payments: readonly Payment[]): Promise<void> {
    const cosigner = await this.cosigner();
    const { proof, message } = anIntent(this.server, this.coins, payments, registerMessage([cosigner]));
    await this.join(proof, message);
  }

  /** Opens the stream, then registers. */
  async join(proof: string, message: string): Promise<void> {
    const cosigner = await this.cosigner();
    this.engine.batchStreams.open([cosigner, ...this.coins.map(({ vtxoId }) => vtxoId)], {
      send: () => undefined,
      event: ({ event }: GetEventStreamResponse) => {
        if (event === undefined) return;
        this.seen.push(event);
        this.#work = this.#work.then(() => this.#on(event)).catch((error: unknown) => void this.errors.push(error));
      },
      end: () => undefined,
      onClose: () => undefined,
    });
    this.#intentId = this.engine.batches.register(proof, message);
  }

  /** Waits until every event seen so far, and those that followed from it, are answered. */
  async settle(): Promise<void> {
    for (let count = -1; count !== this.seen.length;) {
      count = this.seen.length;
      await this.#work;
    }
  }

  async #on(event: BatchEvent): Promise<void> {
    const { batches } = this.engine;
    switch (event.$case) {
      case "batchStarted": {
        const own = hex.encode(sha256(utf8(this.#intentId)));
        if (!event.value.intentIdHashes.includes(own)) return;
        this.#sweepRoot = new Uint8Array(tapLeafHash(this.#sweepLeaf(event.value.batchExpiry)));
        if (this.answers.has("confirm")) batches.confirm(this.#intentId);
        return;
      }
      case "treeTx": {
        const { batchIndex, txid, tx, children } = event.value;
        (batchIndex === 0 ? this.#vtxoNodes : this.#connectorNodes).push({ txid, tx, children });
        return;
      }
      case "treeSigningStarted":
        return this.#sendNonces(event.value.id, event.value.unsignedCommitmentTx);
      case "treeNonces":
        return this.#sendSignatures(event.value.id, event.value.txid, event.value.nonces);
      case "batchFinalization":
        return this.#sendForfeits(event.value.commitmentTx);
      default:
    }
  }

  async #sendNonces(batchId: string, commitment: string): Promise<void> {
    this.#tree = TxTree.create(this.#vtxoNodes);
    const commitmentTx = Transaction.fromPSBT(base64.decode(commitment));
    validateVtxoTxGraph(this.#tree, commitmentTx, this.#sweepRoot);
    await this.signer.init(this.#tree, this.#sweepRoot, commitmentTx.getOutput(0).amount ?? 0n);
    const nonces = new Map(
      [...(await this.signer.getNonces())].map(([txid, { pubNonce }]) => [txid, hex.encode(pubNonce)]),
    );
    if (!this.answers.has("nonces")) return;
    this.engine.batches.batch(batchId).submitNonces(await this.cosigner(), Object.fromEntries(nonces));
  }

  async #sendSignatures(batchId: string, txid: string, nonces: Record<string, string>): Promise<void> {
    const byKey = new Map(Object.entries(nonces).map(([key, nonce]) => [key, { pubNonce: hex.decode(nonce) }]));
    const { hasAllNonces } = await this.signer.aggregatedNonces(txid, byKey);
    if (!hasAllNonces || !this.answers.has("signatures")) return;
    const signatures = new Map([...(await this.signer.sign())].map(([id, each]) => [id, hex.encode(each.encode())]));
    this.engine.batches.batch(batchId).submitSignatures(await this.cosigner(), Object.fromEntries(signatures));
  }

  #sendForfeits(commitment: string): void {
    if (this.#connectorNodes.length === 0 || !this.answers.has("forfeits")) return;
    const connectors = TxTree.create(this.#connectorNodes);
    validateConnectorsTxGraph(commitment, connectors);
    const leaves = connectors.leaves();
    const live = this.coins.filter(({ vtxoId }) => this.engine.state.vtxos.get(vtxoId)?.isSwept === false);
    this.engine.batches.current().submitForfeits(
      live.map((coin, index) => {
        const connector = leaves[index];
        const output = connector?.getOutput(0);
        if (connector === undefined || output?.script === undefined) throw new Error("not enough connectors");
        const script = scriptOf(coin.owner, this.server);
        const [txid = "", vout = "0"] = coin.vtxoId.split(":");
        const tx = buildForfeitTx(
          [
            {
              txid,
              index: Number(vout),
              witnessUtxo: { amount: BigInt(coin.amountSats), script: script.pkScript },
              tapLeafScript: [script.forfeit()],
            },
            { txid: connector.id, index: 0, witnessUtxo: { amount: output.amount ?? 0n, script: output.script } },
          ],
          this.#forfeitScript(),
        );
        signAs(tx, 0, coin.owner, 0);
        return toPsbt(tx);
      }),
    );
  }

  #forfeitScript(): Uint8Array {
    return forfeitScriptOf({ signerSecret: sha256(utf8("signer")), forfeitSecret: sha256(utf8("forfeit")) });
  }

  #sweepLeaf(batchExpiry: bigint): Uint8Array {
    const forfeitKey = hex.decode(this.engine.info().forfeitPubkey).subarray(1);
    return CSVMultisigTapscript.encode({ timelock: { type: "seconds", value: batchExpiry }, pubkeys: [forfeitKey] })
      .script;
  }
}
