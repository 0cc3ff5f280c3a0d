import { bech32m, hex } from "@scure/base";

import { allocateUnits } from "./allocate-units";
import { ANCHOR_SATS, satPerVbyteOf } from "./anchor-fee";
import { splitOutpoint } from "./asset-id";
import type { AssetWallet } from "./asset-wallet";
import { type SendRequest, type TransferOutpoints, putReceives, putTransfer } from "./put-transfer";
import type { Piece, Receive, Transfer } from "./rows";
import type { Effect, TapdCore } from "./tapd-core";
import { TapdError, wrapping } from "./tapd-error";
import { SEND_STATES } from "./tapd-events";

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
    const transfer = putTransfer(this.core, effect, draft);
    const receives = putReceives(this.core, effect, transfer);
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
  #payFromWallet(request: SendRequest, selected: readonly Piece[]): TransferOutpoints {
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
  #payFromOutside({ recipients }: SendRequest): TransferOutpoints {
    if (recipients.length !== 1) throw new TapdError("the outside wallet pays one recipient at a time");
    const { txid, vout } = this.core.lnd.receiveOnchain({ to: "anchor", amountSats: ANCHOR_SATS });
    return { txid, feeSats: 0n, change: `${txid}:${vout + 1}`, recipients: [`${txid}:${vout}`] };
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

/** BIP350 address of a taproot output on regtest. */
function p2trAddress(outputKey: string): string {
  return bech32m.encode("bcrt", [1, ...bech32m.toWords(hex.decode(outputKey))]);
}
