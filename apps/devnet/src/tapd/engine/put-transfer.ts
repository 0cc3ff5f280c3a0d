import type { Allocation } from "./allocate-units";
import { ANCHOR_SATS } from "./anchor-fee";
import { pieceIdOf } from "./minter";
import type { AssetSpecifier, Piece, Receive, ScriptKeyType, TapAddress, Transfer, TransferOutput } from "./rows";
import type { Effect, TapdCore } from "./tapd-core";

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

/** A transfer whose anchor transaction is out. */
export interface TransferDraft {
  readonly request: SendRequest;
  readonly selected: readonly Piece[];
  readonly passive: readonly Piece[];
  readonly allocations: readonly Allocation[];
  readonly outpoints: TransferOutpoints;
}

export interface TransferOutpoints {
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

/** The rows of a transfer: itself, the pieces it makes, and the ones it spends. */
export function putTransfer(core: TapdCore, effect: Effect, draft: TransferDraft): Transfer {
  const { request, selected, passive, outpoints } = draft;
  const internalKey = effect.nextPubkey();
  const outputs = draft.allocations.map((allocation) =>
    allocation.recipient === "change"
      ? putChange(effect, draft, allocation, internalKey)
      : putPayment(effect, draft, allocation),
  );
  for (const piece of passive) {
    putPiece(effect, {
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
    createdAtMs: core.nowMs(),
    heightHint: core.lnd.height,
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

function putChange(
  effect: Effect,
  draft: TransferDraft,
  { assetId, amount }: Allocation,
  internalKey: string,
): TransferOutput {
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
  const pieceId = putPiece(effect, {
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

function putPayment(effect: Effect, draft: TransferDraft, { assetId, amount, recipient }: Allocation): TransferOutput {
  const to = draft.request.recipients[Number(recipient)];
  const outpoint = draft.outpoints.recipients[Number(recipient)];
  if (to === undefined || outpoint === undefined) throw new Error("an allocation without its recipient");
  const isDelivered = to.tapAddr !== "";
  const pieceId = putPiece(effect, {
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

function putPiece(
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
export function putReceives(core: TapdCore, effect: Effect, transfer: Transfer): readonly Receive[] {
  const paid = new Map(transfer.outputs.map((output) => [`${output.outpoint}/${output.tapAddr}`, output]));
  return [...paid].flatMap(([key, { tapAddr, outpoint, anchorSats }]) => {
    if (core.state.addresses.get(tapAddr)?.holder !== "local") return [];
    const receive: Receive = {
      key,
      seq: effect.nextSeq(),
      encodedAddr: tapAddr,
      outpoint,
      createdAt: core.nowSeconds(),
      status: "detected",
      anchorSats,
      height: 0,
    };
    effect.put("receives", key, receive);
    return [receive];
  });
}

function inputIds({ selected }: TransferDraft, assetId: string): readonly string[] {
  return selected.filter((piece) => piece.assetId === assetId).map(({ id }) => id);
}
