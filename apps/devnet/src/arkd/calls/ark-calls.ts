import { unreachable } from "@arkrelay/core/errors";
import type {
  FinalizeTxRequest,
  FinalizeTxResponse,
  GetInfoRequest,
  GetInfoResponse,
  GetPendingTxRequest,
  GetPendingTxResponse,
  GetTransactionsStreamRequest,
  GetTransactionsStreamResponse,
  SubmitTxRequest,
  SubmitTxResponse,
} from "@arkrelay/daemons/proto/ark/v1/service";
import type { TxNotification } from "@arkrelay/daemons/proto/ark/v1/types";

import type { ArkdEngine } from "../engine/arkd-engine";
import { PlainStatusError } from "../engine/arkd-error";
import type { ArkdEvent } from "../engine/arkd-events";
import { type BatchCalls, batchCalls } from "./batch-calls";
import type { StreamRpc, UnaryRpc } from "./rpc";
import { toWireVtxo } from "./wire-vtxo";

export interface ArkCalls extends BatchCalls {
  readonly getInfo: UnaryRpc<GetInfoRequest, GetInfoResponse>;
  readonly submitTx: UnaryRpc<SubmitTxRequest, SubmitTxResponse>;
  readonly finalizeTx: UnaryRpc<FinalizeTxRequest, FinalizeTxResponse>;
  readonly getPendingTx: UnaryRpc<GetPendingTxRequest, GetPendingTxResponse>;
  readonly getTransactionsStream: StreamRpc<GetTransactionsStreamRequest, GetTransactionsStreamResponse>;
}

export function arkCalls(engine: ArkdEngine): ArkCalls {
  return {
    ...batchCalls(engine),
    getInfo: { name: "GetInfo", run: () => toInfo(engine) },
    submitTx: {
      name: "SubmitTx",
      run: (request) => {
        const { arkTxid, finalArkTx, signedCheckpointTxs } = engine.submitTx(request);
        return { arkTxid, finalArkTx, signedCheckpointTxs: [...signedCheckpointTxs] };
      },
    },
    finalizeTx: {
      name: "FinalizeTx",
      run: ({ arkTxid, finalCheckpointTxs }) => {
        engine.finalizeTx(arkTxid, finalCheckpointTxs);
        return {};
      },
    },
    getPendingTx: { name: "GetPendingTx", run: (request) => getPendingTx(engine, request) },
    getTransactionsStream: {
      name: "GetTransactionsStream",
      heartbeat: { data: { $case: "heartbeat", value: {} } },
      open: (_request, sink) =>
        sink.onClose(engine.events.listen((event) => sink.event({ data: toNotification(event) }))),
    },
  };
}

function getPendingTx(engine: ArkdEngine, { identifier }: GetPendingTxRequest): GetPendingTxResponse {
  if (identifier === undefined) throw new PlainStatusError("INVALID_ARGUMENT", "missing intent");
  const pending = engine.getPendingTxs(identifier.value.proof, identifier.value.message);
  return { pendingTxs: pending.map((tx) => ({ ...tx, signedCheckpointTxs: [...tx.signedCheckpointTxs] })) };
}

const VERSION = "devnet";

function toInfo(engine: ArkdEngine): GetInfoResponse {
  const { settings } = engine.state;
  return {
    ...engine.info(),
    version: VERSION,
    network: settings.network,
    sessionDuration: BigInt(settings.sessionDurationSeconds),
    unilateralExitDelay: BigInt(settings.unilateralExitDelay),
    boardingExitDelay: BigInt(settings.boardingExitDelay),
    utxoMinAmount: BigInt(settings.dustSats),
    // No boarding: devnet's batches take no on-chain coins in.
    utxoMaxAmount: 0n,
    // arkd resolves its own -1 before it answers.
    vtxoMinAmount: BigInt(settings.vtxoMinSats === -1 ? settings.dustSats : settings.vtxoMinSats),
    vtxoMaxAmount: BigInt(settings.vtxoMaxSats),
    dust: BigInt(settings.dustSats),
    fees: {
      intentFee: {
        offchainInput: settings.intentInputFeeSats === undefined ? "" : `${settings.intentInputFeeSats}.0`,
        offchainOutput: "",
        onchainInput: "",
        onchainOutput: "",
      },
      txFeeRate: "0",
    },
    scheduledSession: undefined,
    deprecatedSigners: [],
    serviceStatus: {},
    maxTxWeight: BigInt(settings.maxTxWeight),
    maxOpReturnOutputs: BigInt(settings.maxOpReturnOutputs),
  };
}

function toNotification(event: ArkdEvent): NonNullable<GetTransactionsStreamResponse["data"]> {
  const empty: TxNotification = {
    txid: event.txid,
    tx: "",
    spentVtxos: [],
    spendableVtxos: [],
    checkpointTxs: {},
    sweptVtxos: [],
  };
  switch (event.kind) {
    case "ark_tx":
      return {
        $case: "arkTx",
        value: {
          ...empty,
          tx: event.psbt,
          spentVtxos: event.spent.map(toWireVtxo),
          spendableVtxos: event.created.map(toWireVtxo),
          checkpointTxs: Object.fromEntries(
            event.checkpoints.map(({ vtxoId, txid, psbt }) => [vtxoId, { txid, tx: psbt }]),
          ),
        },
      };
    case "commitment_tx":
      return {
        $case: "commitmentTx",
        value: {
          ...empty,
          tx: event.psbt,
          spentVtxos: event.spent.map(toWireVtxo),
          spendableVtxos: event.created.map(toWireVtxo),
        },
      };
    case "sweep_tx":
      return {
        $case: "sweepTx",
        value: { ...empty, sweptVtxos: event.swept.map(({ txid, vout }) => ({ txid, vout })) },
      };
    default:
      return unreachable(event);
  }
}
