import { bech32m, hex } from "@scure/base";

import { type Allocation, allocateUnits } from "./allocate-units";
import { ANCHOR_SATS, satPerVbyteOf } from "./anchor-fee";
import { splitOutpoint } from "./asset-id";
import type { AssetWallet } from "./asset-wallet";
import { pieceIdOf } from "./minter";
import type { AssetSpecifier, Piece, Receive, ScriptKeyType, TapAddress, Transfer, TransferOutput } from "./rows";
import type { Effect, TapdCore } from "./tapd-core";
import { TapdError, wrapping } from "./tapd-error";
import { SEND_STATES } from "./tapd-events";

/** Who gets units, and how the proof reaches them. */
export interface Recipient {
  readonly amount: bigint;
  readonly holder: "local" | "outside";
  readonly scriptKey: string;
  readonly scriptKeyType: ScriptKeyType;
  readonly internalKey: string;
  /** x-only; the output that is paid on-chain. */
  readonly outputKey: string;
  /** "" for an interactive transfer or a burn: no courier carries its proof. */
  readonly tapAddr: string;
  readonly courierAddr: string;
}

export interface SendRequest {
  readonly sender: "local" | "outside";
  readonly specifier: AssetSpecifier;
  readonly recipients: readonly Recipient[];
  readonly label: string;
  readonly feeRateSatPerKw: number;
}

interface Draft {
  readonly request: SendRequest;
  readonly selected: readonly Piece[];
  readonly passive: readonly Piece[];
  readonly allocations: readonly Allocation[];
  readonly outpoints: Outpoints;
}

interface Outpoints {
  readonly txid: string;
  readonly feeSats: bigint;
  readonly change: string;
  readonly recipients: readonly string[];
}

export function recipientOf(address: TapAddress, amount: bigint): Recipient {
  return {
    amount,
    holder: address.holder,
    scriptKey: address.scriptKey,
    scriptKeyType: "bip86",
    internalKey: address.internalKey,
    outputKey: address.taprootOutputKey,
    tapAddr: address.encoded,
    courierAddr: address.courierAddr,
  };
}

/** Moves units on-chain: selection, the anchor transaction, and what its confirmation and the courier change. */
export class ChainPorter {
  constructor(
    private readonly core: TapdCore,
    private readonly wallet: AssetWallet,
  ) {}

  /** Returns once the anchor transaction is broadcast. */
  send(request: SendRequest): Transfer {
    const amounts = request.recipients.map(({ amount }) => amount);
    const needed = amounts.reduce((sum, amount) => sum + amount, 0n);
    const selected = this.wallet.selectCoins(request.sender, request.specifier, needed);
    const passive = this.#passiveOf(selected);
    const outpoints =
      request.sender === "local" ? this.#payFromWallet(request, selected) : this.#payFromOutside(request);
    const draft = { request, selected, passive, allocations: allocateUnits(selected, amounts), outpoints };
    const effect = this.core.begin();
    const transfer = this.#putTransfer(effect, draft);
    const receives = this.#putReceives(effect, transfer);
    effect.commit();
    if (request.sender === "local") this.#tellSend(transfer, 0, SEND_STATES.indexOf("SendStateBroadcast"));
    for (const receive of receives) this.core.emit({ kind: "receive", receive });
    return transfer;
  }

  list(): readonly Transfer[] {
    return [...this.core.state.transfers.values()].filter(({ sender }) => sender === "local");
  }

  /** A block has the anchor transaction. */
  onConfirmed(txid: string, height: number): void {
    const transfer = this.core.state.transfers.get(txid);
    const effect = this.core.begin();
    this.#confirmPieces(effect, txid, height);
    if (transfer !== undefined) effect.put("transfers", txid, { ...transfer, height });
    const receives = this.#moveReceives(effect, txid, "detected", { status: "confirmed", height });
    effect.commit();
    for (const receive of receives) this.core.emit({ kind: "receive", receive });
    if (transfer === undefined) return;
    const confirmed = { ...transfer, height };
    if (confirmed.sender === "local" && transfer.completedAtMs === 0) {
      this.#tellSend(
        confirmed,
        SEND_STATES.indexOf("SendStateWaitTxConf"),
        SEND_STATES.indexOf("SendStateStorePostAnchorTxConf"),
      );
    }
    this.#deliver(confirmed);
  }

  /** A reorg took the block away; the transaction waits for another one. */
  onReorgedOut(txid: string): void {
    const transfer = this.core.state.transfers.get(txid);
    const effect = this.core.begin();
    for (const piece of this.core.state.pieces.values()) {
      if (splitOutpoint(piece.outpoint).txid === txid) {
        effect.put("pieces", piece.id, { ...piece, height: 0, confirmedAt: 0 });
      } else if (piece.spentBy === txid) effect.put("pieces", piece.id, { ...piece, isSpendConfirmed: false });
    }
    if (transfer !== undefined) effect.put("transfers", txid, { ...transfer, height: 0 });
    effect.commit();
  }

  /** The courier works again: what waited for it goes out. */
  deliverWaiting(): void {
    for (const transfer of this.core.state.transfers.values()) {
      if (transfer.height > 0 && transfer.completedAtMs === 0) this.#deliver(transfer);
    }
  }

  /** Live pieces that share an anchor with a selected one move along, because the anchor output is spent. */
  #passiveOf(selected: readonly Piece[]): readonly Piece[] {
    const anchors = new Set(selected.map(({ outpoint }) => outpoint));
    const chosen = new Set(selected.map(({ id }) => id));
    return [...this.core.state.pieces.values()].filter(
      (piece) =>
        anchors.has(piece.outpoint) &&
        piece.spentBy === "" &&
        !chosen.has(piece.id) &&
        piece.holder === selected[0]?.holder,
    );
  }

  /** Output 0 is the sender's change anchor, then one output for each recipient. */
  #payFromWallet(request: SendRequest, selected: readonly Piece[]): Outpoints {
    const outputs = request.recipients.map(({ holder, outputKey }) => ({
      to: holder === "local" ? ("anchor" as const) : { address: p2trAddress(outputKey) },
      amountSats: ANCHOR_SATS,
    }));
    const sent = wrapping("unable to fund psbt", () =>
      this.core.lnd.sendOutputs({
        outputs: [{ to: "anchor", amountSats: ANCHOR_SATS }, ...outputs],
        anchors: [...new Set(selected.map(({ outpoint }) => outpoint))],
        satPerVbyte: satPerVbyteOf(request.feeRateSatPerKw),
        label: request.label,
      }),
    );
    const [change = "", ...recipients] = sent.outpoints;
    return { txid: sent.txid, feeSats: sent.feeSats, change, recipients };
  }

  /** The outside wallet's coins are its own affair; our node only sees the anchor it gets. */
  #payFromOutside({ recipients }: SendRequest): Outpoints {
    if (recipients.length !== 1) throw new TapdError("the outside wallet pays one recipient at a time");
    const { txid, vout } = this.core.lnd.receiveOnchain({ to: "anchor", amountSats: ANCHOR_SATS });
    return { txid, feeSats: 0n, change: `${txid}:${vout + 1}`, recipients: [`${txid}:${vout}`] };
  }

  #putTransfer(effect: Effect, draft: Draft): Transfer {
    const { request, selected, passive, outpoints } = draft;
    const internalKey = effect.nextPubkey();
    const outputs = draft.allocations.map((allocation) =>
      allocation.recipient === "change"
        ? this.#putChange(effect, draft, allocation, internalKey)
        : this.#putPayment(effect, draft, allocation),
    );
    for (const piece of passive) {
      this.#putPiece(effect, {
        ...piece,
        outpoint: outpoints.change,
        internalKey,
        inputs: [piece.id],
        isImported: piece.isImported,
      });
    }
    for (const piece of [...selected, ...passive]) {
      effect.put("pieces", piece.id, { ...piece, spentBy: outpoints.txid });
    }
    const transfer: Transfer = {
      txid: outpoints.txid,
      seq: effect.nextSeq(),
      sender: request.sender,
      createdAtMs: this.core.nowMs(),
      heightHint: this.core.lnd.height,
      feeSats: outpoints.feeSats,
      label: request.label,
      inputs: selected.map(({ id, outpoint, assetId, scriptKey, amount }) => ({
        pieceId: id,
        outpoint,
        assetId,
        scriptKey,
        amount,
      })),
      outputs,
      height: 0,
      completedAtMs: 0,
    };
    effect.put("transfers", transfer.txid, transfer);
    return transfer;
  }

  #putChange(effect: Effect, draft: Draft, { assetId, amount }: Allocation, internalKey: string): TransferOutput {
    const scriptKey = effect.nextScriptKey();
    const outpoint = draft.outpoints.change;
    const output: TransferOutput = {
      pieceId: "",
      outpoint,
      anchorSats: ANCHOR_SATS,
      internalKey,
      assetId,
      scriptKey,
      isLocal: true,
      amount,
      isSplitRoot: true,
      tapAddr: "",
      courierAddr: "",
      proofDelivery: "not_applicable",
    };
    if (amount === 0n) return output;
    const pieceId = this.#putPiece(effect, {
      holder: draft.request.sender,
      assetId,
      amount,
      scriptKey,
      scriptKeyType: "bip86",
      outpoint,
      internalKey,
      inputs: inputIds(draft, assetId),
      isImported: true,
    });
    return { ...output, pieceId };
  }

  #putPayment(effect: Effect, draft: Draft, { assetId, amount, recipient }: Allocation): TransferOutput {
    const to = draft.request.recipients[Number(recipient)];
    const outpoint = draft.outpoints.recipients[Number(recipient)];
    if (to === undefined || outpoint === undefined) throw new Error("an allocation without its recipient");
    const isDelivered = to.tapAddr !== "";
    const pieceId = this.#putPiece(effect, {
      holder: to.holder,
      assetId,
      amount,
      scriptKey: to.scriptKey,
      scriptKeyType: to.scriptKeyType,
      outpoint,
      internalKey: to.internalKey,
      inputs: inputIds(draft, assetId),
      // A burn has no receiver; whoever got it interactively has to import the proof.
      isImported: to.scriptKeyType === "burn",
    });
    return {
      pieceId,
      outpoint,
      anchorSats: ANCHOR_SATS,
      internalKey: to.internalKey,
      assetId,
      scriptKey: to.scriptKey,
      isLocal: to.holder === draft.request.sender,
      amount,
      isSplitRoot: false,
      tapAddr: to.tapAddr,
      courierAddr: to.courierAddr,
      proofDelivery: isDelivered ? "pending" : "not_applicable",
    };
  }

  #putPiece(
    effect: Effect,
    piece: Pick<
      Piece,
      | "holder"
      | "assetId"
      | "amount"
      | "scriptKey"
      | "scriptKeyType"
      | "outpoint"
      | "internalKey"
      | "inputs"
      | "isImported"
    >,
  ): string {
    const id = pieceIdOf(piece.outpoint, piece.assetId, piece.scriptKey);
    effect.put("pieces", id, {
      id,
      seq: effect.nextSeq(),
      holder: piece.holder,
      assetId: piece.assetId,
      amount: piece.amount,
      scriptKey: piece.scriptKey,
      scriptKeyType: piece.scriptKeyType,
      outpoint: piece.outpoint,
      anchorSats: ANCHOR_SATS,
      internalKey: piece.internalKey,
      height: 0,
      confirmedAt: 0,
      inputs: piece.inputs,
      isImported: piece.isImported,
      spentBy: "",
      isSpendConfirmed: false,
    });
    return id;
  }

  /** One receive for each of our addresses that the transaction pays. */
  #putReceives(effect: Effect, transfer: Transfer): readonly Receive[] {
    const paid = new Map(transfer.outputs.map((output) => [`${output.outpoint}/${output.tapAddr}`, output]));
    return [...paid].flatMap(([key, { tapAddr, outpoint, anchorSats }]) => {
      if (this.core.state.addresses.get(tapAddr)?.holder !== "local") return [];
      const receive: Receive = {
        key,
        seq: effect.nextSeq(),
        encodedAddr: tapAddr,
        outpoint,
        createdAt: this.core.nowSeconds(),
        status: "detected",
        anchorSats,
        height: 0,
      };
      effect.put("receives", key, receive);
      return [receive];
    });
  }

  #confirmPieces(effect: Effect, txid: string, height: number): void {
    for (const piece of this.core.state.pieces.values()) {
      if (splitOutpoint(piece.outpoint).txid === txid) {
        effect.put("pieces", piece.id, { ...piece, height, confirmedAt: this.core.nowSeconds() });
      } else if (piece.spentBy === txid) effect.put("pieces", piece.id, { ...piece, isSpendConfirmed: true });
    }
  }

  #moveReceives(effect: Effect, txid: string, from: Receive["status"], change: Partial<Receive>): readonly Receive[] {
    const moved = [...this.core.state.receives.values()]
      .filter((receive) => splitOutpoint(receive.outpoint).txid === txid && receive.status === from)
      .map((receive) => ({ ...receive, ...change }));
    for (const receive of moved) effect.put("receives", receive.key, receive);
    return moved;
  }

  /** Through the courier, if it answers: the receiver has its piece only now. */
  #deliver(transfer: Transfer): void {
    if (transfer.completedAtMs > 0) return;
    const isWaiting = transfer.outputs.some(({ proofDelivery }) => proofDelivery === "pending");
    if (isWaiting && this.core.faults.isCourierDown()) return;
    const effect = this.core.begin();
    const completed: Transfer = {
      ...transfer,
      completedAtMs: this.core.nowMs(),
      outputs: transfer.outputs.map((output) =>
        output.proofDelivery === "pending" ? { ...output, proofDelivery: "complete" } : output,
      ),
    };
    effect.put("transfers", transfer.txid, completed);
    for (const { pieceId, tapAddr } of transfer.outputs) {
      const piece = this.core.state.pieces.get(pieceId);
      if (piece !== undefined && tapAddr !== "") this.#import(effect, piece);
    }
    const received = this.#moveReceives(effect, transfer.txid, "confirmed", { status: "completed" });
    effect.commit();
    for (const receive of received) {
      this.core.emit({ kind: "receive", receive: { ...receive, status: "proof_received" } });
      this.core.emit({ kind: "receive", receive });
    }
    if (transfer.sender !== "local") return;
    const done = SEND_STATES.indexOf("SendStateTransferProofs");
    this.#tellSend(completed, done, SEND_STATES.length - 1);
  }

  /** A received asset is known from then on: its proof says everything about it. */
  #import(effect: Effect, piece: Piece): void {
    effect.put("pieces", piece.id, { ...piece, isImported: true });
    if (piece.holder === "local") learnAsset(this.core, effect, piece.assetId);
  }

  #tellSend(transfer: Transfer, first: number, last: number): void {
    for (let index = first; index <= last; index += 1) {
      const executed = SEND_STATES[index] ?? "SendStateComplete";
      const next = SEND_STATES[index + 1] ?? "SendStateComplete";
      this.core.emit({ kind: "send", transfer, executed, next, error: "" });
    }
  }
}

/** Marks an asset, and the anchor of its group, as known to our tapd. */
export function learnAsset(core: TapdCore, effect: Effect, assetId: string): void {
  const genesis = core.state.genesis.get(assetId);
  const anchorId = core.state.groups.get(genesis?.groupKey ?? "")?.anchorAssetId ?? assetId;
  for (const id of new Set([assetId, anchorId])) {
    const row = core.state.genesis.get(id);
    if (row !== undefined && !row.isKnown) effect.put("genesis", id, { ...row, isKnown: true });
  }
}

function inputIds({ selected }: Draft, assetId: string): readonly string[] {
  return selected.filter((piece) => piece.assetId === assetId).map(({ id }) => id);
}

/** BIP350 address of a taproot output on regtest. */
function p2trAddress(outputKey: string): string {
  return bech32m.encode("bcrt", [1, ...bech32m.toWords(hex.decode(outputKey))]);
}
