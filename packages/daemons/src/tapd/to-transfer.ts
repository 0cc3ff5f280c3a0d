import type { AssetReceive, AssetTransfer, TapAddress } from "@arkrelay/core/ports/taproot-assets";

import {
  type Addr,
  AddrEventStatus,
  type AssetTransfer as WireAssetTransfer,
  ProofDeliveryStatus,
} from "../gen/taprpc/taprootassets";
import { toHex, toTxid } from "../wire-bytes";

type Delivery = AssetTransfer["outputs"][number]["proofDelivery"];

const DELIVERIES: ReadonlyMap<ProofDeliveryStatus, Delivery> = new Map([
  [ProofDeliveryStatus.PROOF_DELIVERY_STATUS_NOT_APPLICABLE, "not_applicable"],
  [ProofDeliveryStatus.PROOF_DELIVERY_STATUS_COMPLETE, "complete"],
  [ProofDeliveryStatus.PROOF_DELIVERY_STATUS_PENDING, "pending"],
]);

const RECEIVE_STATUSES: ReadonlyMap<AddrEventStatus, AssetReceive["status"]> = new Map([
  [AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_DETECTED, "detected"],
  [AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_CONFIRMED, "confirmed"],
  [AddrEventStatus.ADDR_EVENT_STATUS_PROOF_RECEIVED, "proof_received"],
  [AddrEventStatus.ADDR_EVENT_STATUS_COMPLETED, "completed"],
]);

export function toAssetTransfer(transfer: WireAssetTransfer): AssetTransfer {
  return {
    label: transfer.label,
    anchorTxid: toTxid(transfer.anchorTxHash),
    anchorHeight: transfer.anchorTxBlockHeight,
    anchorFeeSats: transfer.anchorTxChainFees,
    outputs: transfer.outputs.map((output) => ({
      isLocal: output.scriptKeyIsLocal,
      assetId: toHex(output.assetId),
      amountUnits: output.amount,
      // A newer status is not yet a delivery.
      proofDelivery: DELIVERIES.get(output.proofDeliveryStatus) ?? "pending",
      proof: output.newProofBlob,
    })),
  };
}

export function toTapAddress(addr: Addr): TapAddress {
  return {
    encoded: addr.encoded,
    assetId: toHex(addr.assetId),
    amountUnits: addr.amount,
    groupKey: toHex(addr.groupKey) || undefined,
    courierAddr: addr.proofCourierAddr,
  };
}

export interface ReceiveEvent {
  readonly addr: Addr | undefined;
  readonly outpoint: string;
  readonly status: AddrEventStatus;
  readonly at: Date;
}

/** undefined = not about a payment: an error, or a status newer than we are. */
export function toAssetReceive({ addr, outpoint, status, at }: ReceiveEvent): AssetReceive | undefined {
  const known = RECEIVE_STATUSES.get(status);
  if (known === undefined || addr === undefined) return undefined;
  return {
    address: addr.encoded,
    assetId: toHex(addr.assetId),
    amountUnits: addr.amount,
    outpoint,
    status: known,
    at,
  };
}
