import {
  AddrEventStatus,
  AddrVersion,
  type Addr,
  type AddrEvent,
  type AssetTransfer,
  OutputType,
  ProofDeliveryStatus,
  type TransferOutput as WireOutput,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { fromHex, toTxidBytes } from "../../lnd/calls/wire-bytes";
import type { Receive, TapAddress, Transfer, TransferOutput } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { toWireAssetType, toWireAssetVersion } from "./wire-asset";

export function toWireTransfer(engine: TapdEngine, transfer: Transfer): AssetTransfer {
  const blockHash = transfer.height === 0 ? "" : engine.facts.blockHash(transfer.height);
  return {
    transferTimestamp: BigInt(Math.floor(transfer.createdAtMs / 1000)),
    anchorTxHash: toTxidBytes(transfer.txid),
    anchorTxHeightHint: transfer.heightHint,
    anchorTxChainFees: transfer.feeSats,
    inputs: transfer.inputs.map(({ outpoint, assetId, scriptKey, amount }) => ({
      anchorPoint: outpoint,
      assetId: fromHex(assetId),
      scriptKey: fromHex(scriptKey),
      amount,
      ...kindOf(engine, assetId),
    })),
    outputs: transfer.outputs.map((output) => toWireOutput(engine, output)),
    anchorTxBlockHash: blockHash === "" ? undefined : { hash: toTxidBytes(blockHash), hashStr: blockHash },
    anchorTxBlockHeight: transfer.height,
    label: transfer.label,
    // There are no raw transactions of anchors here.
    anchorTx: Buffer.alloc(0),
  };
}

function toWireOutput(engine: TapdEngine, output: TransferOutput): WireOutput {
  const piece = engine.state.pieces.get(output.pieceId);
  return {
    anchor: { outpoint: output.outpoint, value: output.anchorSats },
    scriptKey: fromHex(output.scriptKey),
    scriptKeyIsLocal: output.isLocal,
    amount: output.amount,
    newProofBlob: piece === undefined ? Buffer.alloc(0) : engine.proofs.rawProofOf(piece),
    outputType: output.isSplitRoot ? OutputType.OUTPUT_TYPE_SPLIT_ROOT : OutputType.OUTPUT_TYPE_SIMPLE,
    proofDeliveryStatus: DELIVERY[output.proofDelivery],
    assetId: fromHex(output.assetId),
    proofCourierAddr: output.courierAddr,
    tapAddr: output.tapAddr,
    ...kindOf(engine, output.assetId),
  };
}

const DELIVERY: Readonly<Record<TransferOutput["proofDelivery"], ProofDeliveryStatus>> = {
  not_applicable: ProofDeliveryStatus.PROOF_DELIVERY_STATUS_NOT_APPLICABLE,
  complete: ProofDeliveryStatus.PROOF_DELIVERY_STATUS_COMPLETE,
  pending: ProofDeliveryStatus.PROOF_DELIVERY_STATUS_PENDING,
};

function kindOf(engine: TapdEngine, assetId: string): Pick<WireOutput, "groupKey" | "assetType"> {
  const genesis = engine.wallet.genesisOf(assetId);
  return { groupKey: fromHex(genesis.groupKey), assetType: toWireAssetType(genesis.assetType) };
}

export function toWireAddr(address: TapAddress): Addr {
  // A V2 group address names the group only.
  const isGroupAddress = address.addressVersion === 2 && address.groupKey !== "";
  return {
    encoded: address.encoded,
    assetId: fromHex(isGroupAddress ? "" : address.assetId),
    assetType: toWireAssetType(address.assetType),
    amount: address.amount,
    groupKey: fromHex(address.groupKey),
    scriptKey: fromHex(address.scriptKey),
    internalKey: fromHex(address.internalKey),
    tapscriptSibling: Buffer.alloc(0),
    taprootOutputKey: fromHex(address.taprootOutputKey),
    proofCourierAddr: address.courierAddr,
    assetVersion: toWireAssetVersion(address.assetVersion),
    addressVersion: ADDR_VERSIONS[address.addressVersion] ?? AddrVersion.ADDR_VERSION_UNSPECIFIED,
  };
}

const ADDR_VERSIONS: readonly AddrVersion[] = [
  AddrVersion.ADDR_VERSION_V0,
  AddrVersion.ADDR_VERSION_V1,
  AddrVersion.ADDR_VERSION_V2,
];

export function toWireReceive(engine: TapdEngine, receive: Receive): AddrEvent {
  return {
    creationTimeUnixSeconds: BigInt(receive.createdAt),
    addr: toWireAddr(engine.addresses.decode(receive.encodedAddr)),
    status: RECEIVE_STATUS[receive.status],
    outpoint: receive.outpoint,
    utxoAmtSat: receive.anchorSats,
    taprootSibling: Buffer.alloc(0),
    confirmationHeight: receive.height,
    hasProof: receive.status === "proof_received" || receive.status === "completed",
  };
}

export const RECEIVE_STATUS: Readonly<Record<Receive["status"], AddrEventStatus>> = {
  detected: AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_DETECTED,
  confirmed: AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_CONFIRMED,
  proof_received: AddrEventStatus.ADDR_EVENT_STATUS_PROOF_RECEIVED,
  completed: AddrEventStatus.ADDR_EVENT_STATUS_COMPLETED,
};
