import { AppError } from "@arkrelay/core/errors";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import {
  closeChannel,
  openChannel,
  sendOnchain,
  type OperatorWriteDeps,
} from "@arkrelay/core/lightning/operator-writes";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";

import type { TaskHandler } from "../task-handler";

export interface OperatorTaskDeps extends Omit<OperatorWriteDeps, "lightning"> {
  /** undefined = no lnd is configured. */
  readonly lightning: LightningNode | undefined;
}

/** Opens a channel; the job's id is its memo at lnd. */
export function channelOpenTask(deps: OperatorTaskDeps): TaskHandler<TaskPayload<"lightning_channel_open">> {
  return async ({ attempt, signal, payload }) => {
    const channelPoint = await openChannel(
      withNode(deps),
      { attempt, signal },
      {
        nodePubkey: payload.nodePubkey,
        host: payload.host,
        amountSats: BigInt(payload.amountSats),
        isPrivate: payload.isPrivate,
        satPerVbyte: toRate(payload.satPerVbyte),
      },
    );
    return { result: { channel_point: channelPoint }, message: "The funding transaction is broadcast" };
  };
}

/** Closes a channel as it was asked to; a cooperative close stays one. */
export function channelCloseTask(deps: OperatorTaskDeps): TaskHandler<TaskPayload<"lightning_channel_close">> {
  return async ({ attempt, signal, payload }) => {
    const { channelPoint, force, satPerVbyte } = payload;
    const closing = { channelPoint, force, satPerVbyte: toRate(satPerVbyte) };
    const closingTxid = await closeChannel(withNode(deps), { attempt, signal }, closing);
    return { result: { channel_point: channelPoint, closing_txid: closingTxid }, message: "The channel is closing" };
  };
}

/** Pays an address from lnd's wallet; the job's id is the transaction's label. */
export function sendOnchainTask(deps: OperatorTaskDeps): TaskHandler<TaskPayload<"lightning_send_onchain">> {
  return async ({ attempt, signal, payload }) => {
    const { address, amountSats, satPerVbyte } = payload;
    const sending = { address, amountSats: BigInt(amountSats), satPerVbyte: toRate(satPerVbyte) };
    const txid = await sendOnchain(withNode(deps), { attempt, signal }, sending);
    return { result: { txid }, message: "The transaction is broadcast" };
  };
}

/** A further address does no harm, so a repeat needs no look-up. */
export function newAddressTask(deps: OperatorTaskDeps): TaskHandler<TaskPayload<"lightning_new_address">> {
  return async ({ payload }) => {
    const address = await withNode(deps).lightning.newAddress(payload.type);
    return { result: { address }, message: "The wallet has a new address" };
  };
}

function withNode(deps: OperatorTaskDeps): OperatorWriteDeps {
  const { lightning, ...rest } = deps;
  if (lightning === undefined) {
    throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
  }
  return { ...rest, lightning };
}

function toRate(satPerVbyte: number | undefined): bigint | undefined {
  return satPerVbyte === undefined ? undefined : BigInt(satPerVbyte);
}
