import { hex } from "@scure/base";

import { ArkdError } from "../engine/arkd-error";
import { toPsbt } from "../engine/psbt";
import type { ArkdRecord, SettledInput } from "../engine/records";
import type { BatchRoundsDeps } from "./batch-rounds-deps";
import { type BatchParams, type BuiltBatch, type TreeNode, buildBatch } from "./build-batch";
import { type Forfeit, checkForfeits } from "./check-forfeits";
import type { BatchVtxo, RegisteredIntent } from "./registered-intent";
import { TreeSigning } from "./tree-signing";

type Phase = "confirmation" | "nonces" | "signatures" | "forfeits" | "ended";

/** After the registration, half of what is left of a session; then a third of the other half for each of the rest. */
const PHASE_SHARES: Readonly<Record<Exclude<Phase, "ended">, number>> = {
  confirmation: 5 / 12,
  nonces: 5 / 36,
  signatures: 5 / 36,
  forfeits: 5 / 36,
};

/** One batch from its start to `batch_finalized` or `batch_failed`. It goes on as soon as everybody has answered. */
export class RunningBatch {
  readonly id: string;
  readonly #confirmed = new Set<string>();
  readonly #forfeits = new Map<string, Forfeit>();
  readonly #params: BatchParams;
  #intents: readonly RegisteredIntent[];
  #phase: Phase = "confirmation";
  /** What must be forfeited, as it was when the batch was built: swept VTXOs are the server's already. */
  #live: readonly BatchVtxo[] = [];
  #built: { readonly batch: BuiltBatch; readonly signing: TreeSigning } | undefined;
  #cancelDeadline: (() => void) | undefined;

  constructor(
    private readonly deps: BatchRoundsDeps,
    intents: readonly RegisteredIntent[],
    private readonly onEnd: () => void,
  ) {
    this.id = deps.newId();
    this.#intents = intents;
    this.#params = deps.params();
  }

  get intents(): readonly RegisteredIntent[] {
    return this.#intents;
  }

  awaitConfirmations(): void {
    this.#enter("confirmation", () => {
      this.#intents = this.#intents.filter(({ intentId }) => this.#confirmed.has(intentId));
      if (this.#intents.length === 0) this.#fail("no intent was confirmed in time");
      else this.#startSigning();
    });
  }

  confirm(intentId: string): void {
    if (this.#phase !== "confirmation") {
      throw new ArkdError("CONFIRMATION_SESSION_NOT_STARTED", "the confirmation session is over");
    }
    if (!this.#intents.some((intent) => intent.intentId === intentId)) {
      throw new ArkdError("INTENT_NOT_FOUND", `intent ${intentId} not found`);
    }
    this.#confirmed.add(intentId);
    if (this.#confirmed.size === this.#intents.length) this.#startSigning();
  }

  submitNonces(pubkey: string, nonces: Readonly<Record<string, string>>): void {
    const { signing } = this.#expect("nonces");
    signing.addNonces(pubkey, nonces);
    if (signing.hasAllNonces()) this.#collectSignatures();
  }

  submitSignatures(pubkey: string, signatures: Readonly<Record<string, string>>): void {
    const { signing } = this.#expect("signatures");
    signing.addSignatures(pubkey, signatures);
    if (signing.hasAllSignatures()) this.#collectForfeits();
  }

  submitForfeits(psbts: readonly string[]): void {
    const { batch } = this.#expect("forfeits");
    const { forfeitScript, signerPubkey } = this.#params;
    for (const forfeit of checkForfeits(batch, this.#live, signerPubkey.slice(2), forfeitScript, psbts)) {
      const isTaken = [...this.#forfeits.values()].some(
        ({ connector, vtxoId }) => connector === forfeit.connector && vtxoId !== forfeit.vtxoId,
      );
      if (isTaken) throw new ArkdError("INVALID_FORFEIT_TXS", "another VTXO spends the connector");
      this.#forfeits.set(forfeit.vtxoId, forfeit);
    }
    if (this.#forfeits.size === this.#live.length) this.#finalise();
  }

  /** Its server is gone: nobody hears of it any more. */
  abandon(): void {
    this.#cancelDeadline?.();
    this.#phase = "ended";
  }

  #startSigning(): void {
    const { nowSeconds } = this.deps.context();
    this.#live = this.#intents
      .flatMap(({ vtxos }) => vtxos)
      .filter(({ vtxo }) => !vtxo.isSwept && vtxo.expiresAt > nowSeconds);
    const batch = buildBatch(this.#params, this.#intents, this.#live);
    const server = { secret: this.deps.signerSecret, pubkey: this.#params.signerPubkey };
    const signing = new TreeSigning(batch.vtxoTree, batch.sweepLeafHash, server, this.deps.randomBytes);
    this.#built = { batch, signing };
    this.#enter("nonces", () => this.#timeOut("tree nonces"));
    this.#emitTree(0, batch.vtxoTree);
    const unsignedCommitmentTx = toPsbt(batch.commitmentTx);
    this.deps.emit(
      {
        $case: "treeSigningStarted",
        value: { id: this.id, cosignersPubkeys: [...signing.cosigners], unsignedCommitmentTx },
      },
      this.#topics(),
    );
  }

  #collectSignatures(): void {
    const { batch, signing } = this.#expect("nonces");
    this.#enter("signatures", () => this.#timeOut("tree signatures"));
    for (const node of batch.vtxoTree) {
      const value = { id: this.id, topic: this.#topics(), txid: node.tx.id, nonces: signing.noncesOf(node) };
      this.deps.emit({ $case: "treeNonces", value }, node.cosigners);
    }
  }

  #collectForfeits(): void {
    const { batch, signing } = this.#expect("signatures");
    for (const [txid, signature] of signing.finish()) {
      const node = batch.vtxoTree.find(({ tx }) => tx.id === txid);
      node?.tx.updateInput(0, { tapKeySig: signature }, true);
      const value = { id: this.id, topic: this.#topics(), batchIndex: 0, txid, signature: hex.encode(signature) };
      this.deps.emit({ $case: "treeSignature", value }, node?.cosigners);
    }
    this.#enter("forfeits", () => this.#timeOut("forfeit txs"));
    this.#emitTree(1, batch.connectorTree);
    const commitmentTx = toPsbt(batch.commitmentTx);
    this.deps.emit({ $case: "batchFinalization", value: { id: this.id, commitmentTx } }, this.#topics());
    if (this.#live.length === 0) this.#finalise();
  }

  #finalise(): void {
    const { batch } = this.#expect("forfeits");
    this.deps.commit(this.#toRecord(batch));
    this.#end();
    const value = { id: this.id, commitmentTxid: batch.commitmentTx.id };
    this.deps.emit({ $case: "batchFinalized", value });
    this.onEnd();
  }

  #toRecord(batch: BuiltBatch): Extract<ArkdRecord, { type: "settled" }> {
    const atMs = this.deps.nowMs();
    const inputs = this.#intents.flatMap(({ vtxos }) =>
      vtxos.map(({ vtxo }): SettledInput => {
        return { vtxoId: vtxo.vtxoId, forfeitTxid: this.#forfeits.get(vtxo.vtxoId)?.txid ?? "" };
      }),
    );
    const { vtxoTreeExpirySeconds } = this.deps.context().state.settings;
    return {
      type: "settled",
      atMs,
      commitmentTxid: batch.commitmentTx.id,
      psbt: toPsbt(batch.commitmentTx),
      expiresAt: Math.floor(atMs / 1000) + vtxoTreeExpirySeconds,
      inputs,
      leaves: batch.vtxoTree.flatMap(({ tx, output }) => {
        if (output === undefined) return [];
        const assets = output.assets.map(({ assetId, amount }) => ({ assetId, amount: String(amount) }));
        const { script, amountSats } = output;
        return [{ txid: tx.id, vtxo: { vout: 0, amountSats: String(amountSats), script, isSwept: false, assets } }];
      }),
      treeTxs: batch.vtxoTree.map(({ tx }) => ({ txid: tx.id, psbt: toPsbt(tx) })),
      feeSats: String(this.#intents.reduce((sum, { feeSats }) => sum + feeSats, 0n)),
      supply: this.#intents.flatMap(({ supply }) => supply),
    };
  }

  /** A tx of the VTXO tree goes to who signs it, a connector to the owner of the VTXO that is forfeited with it. */
  #emitTree(batchIndex: number, nodes: readonly TreeNode[]): void {
    const vtxoIds = this.#live.map(({ vtxo }) => vtxo.vtxoId);
    const connectors = nodes.filter(({ children }) => Object.keys(children).length === 0);
    for (const node of nodes) {
      const { tx, children, cosigners } = node;
      const own = vtxoIds[connectors.indexOf(node)];
      const topic = batchIndex === 0 ? [...cosigners] : own === undefined ? vtxoIds : [own];
      const value = { id: this.id, topic, batchIndex, txid: tx.id, tx: toPsbt(tx), children: { ...children } };
      this.deps.emit({ $case: "treeTx", value }, topic);
    }
  }

  /** What the owners of this batch listen for. */
  #topics(): string[] {
    return this.#intents.flatMap(({ cosigners, vtxos }) => [...cosigners, ...vtxos.map(({ vtxo }) => vtxo.vtxoId)]);
  }

  #enter(phase: Exclude<Phase, "ended">, onDeadline: () => void): void {
    this.#cancelDeadline?.();
    this.#phase = phase;
    this.#cancelDeadline = this.deps.schedule(this.deps.sessionMs() * PHASE_SHARES[phase], onDeadline);
  }

  #expect(phase: Phase): { readonly batch: BuiltBatch; readonly signing: TreeSigning } {
    if (this.#phase === phase && this.#built !== undefined) return this.#built;
    throw new ArkdError("SIGNING_SESSION_TIMED_OUT", `the batch is not in its ${phase} phase`);
  }

  #timeOut(what: string): void {
    this.#fail(`missing ${what}`);
  }

  #fail(reason: string): void {
    this.#end();
    this.deps.emit({ $case: "batchFailed", value: { id: this.id, reason } });
    this.onEnd();
  }

  #end(): void {
    this.#cancelDeadline?.();
    this.#phase = "ended";
  }
}
