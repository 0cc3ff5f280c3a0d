import type { Attempt } from "../jobs/attempt-store";
import { type ExternalCallDeps, runExternalCall } from "../jobs/run-external-call";
import type { LightningNode } from "../ports/lightning-node";
import { findClosing } from "./find-closing";
import { LABEL_LOOK_BACK_BLOCKS } from "./label-look-back";

/** What an operator has lnd do. Each runs as a job, and the job's id is what lnd keeps with the effect. */
export interface OperatorWriteDeps extends ExternalCallDeps {
  readonly lightning: LightningNode;
}

export interface OperatorAttempt {
  readonly attempt: Attempt;
  readonly signal: AbortSignal;
}

const SERVICE = "lnd";

export interface ChannelOpening {
  /** 66 hex. */
  readonly nodePubkey: string;
  /** `host:port`; needed when the node is no peer yet. */
  readonly host: string | undefined;
  readonly amountSats: bigint;
  readonly isPrivate: boolean;
  readonly satPerVbyte: bigint | undefined;
}

/** Returns the channel point once the funding tx is broadcast. Errors: `outcome_unknown`, and those of the node. */
export async function openChannel(
  { lightning, ...deps }: OperatorWriteDeps,
  { attempt, signal }: OperatorAttempt,
  opening: ChannelOpening,
): Promise<string> {
  const { nodePubkey, host, amountSats, isPrivate, satPerVbyte } = opening;
  const memo = attempt.rowKey;
  return runExternalCall(deps, attempt, signal, {
    call: {
      service: SERVICE,
      kind: "channel_open",
      businessKey: memo,
      request: { node_pubkey: nodePubkey, amount_sats: Number(amountSats), private: isPrivate },
    },
    lookUp: () => findChannelByMemo(lightning, memo),
    send: async () => {
      if (host !== undefined) await lightning.connectPeer({ nodePubkey, host });
      const { channelPoint } = await lightning.openChannel({ nodePubkey, amountSats, isPrivate, satPerVbyte, memo });
      return channelPoint;
    },
  });
}

export interface ChannelClosing {
  readonly channelPoint: string;
  readonly force: boolean;
  /** Not with force: the commitment transaction has its fee already. */
  readonly satPerVbyte: bigint | undefined;
}

/** Returns the closing txid once it is pending. A cooperative close that fails is never turned into a forced one. */
export async function closeChannel(
  { lightning, ...deps }: OperatorWriteDeps,
  { attempt, signal }: OperatorAttempt,
  { channelPoint, force, satPerVbyte }: ChannelClosing,
): Promise<string> {
  return runExternalCall(deps, attempt, signal, {
    call: {
      service: SERVICE,
      kind: "channel_close",
      businessKey: attempt.rowKey,
      request: { channel_point: channelPoint, force },
    },
    lookUp: async () => (await findClosing(lightning, { channelPoint, force }))?.txid,
    send: async () => (await lightning.closeChannel({ channelPoint, force, satPerVbyte })).closingTxid,
  });
}

export interface OnchainSending {
  readonly address: string;
  readonly amountSats: bigint;
  readonly satPerVbyte: bigint | undefined;
}

/** Returns the txid. */
export async function sendOnchain(
  { lightning, ...deps }: OperatorWriteDeps,
  { attempt, signal }: OperatorAttempt,
  { address, amountSats, satPerVbyte }: OnchainSending,
): Promise<string> {
  const label = attempt.rowKey;
  return runExternalCall(deps, attempt, signal, {
    call: {
      service: SERVICE,
      kind: "send_onchain",
      businessKey: label,
      request: { address, amount_sats: Number(amountSats) },
    },
    lookUp: () => findTransactionByLabel(lightning, label),
    send: async () => (await lightning.sendOnchain({ address, amountSats, satPerVbyte, label })).txid,
  });
}

async function findChannelByMemo(lightning: LightningNode, memo: string): Promise<string | undefined> {
  const { opening } = await lightning.listPendingChannels();
  const channels = [...opening, ...(await lightning.listChannels())];
  return channels.find((channel) => channel.memo === memo)?.channelPoint;
}

async function findTransactionByLabel(lightning: LightningNode, label: string): Promise<string | undefined> {
  const { blockHeight } = await lightning.getInfo();
  const transactions = await lightning.listOnchainTransactions(Math.max(0, blockHeight - LABEL_LOOK_BACK_BLOCKS));
  return transactions.find((transaction) => transaction.label === label)?.txid;
}
