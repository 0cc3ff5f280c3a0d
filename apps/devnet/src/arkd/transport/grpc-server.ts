import {
  Metadata,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  type handleServerStreamingCall,
  type handleUnaryCall,
  status as GrpcStatus,
} from "@grpc/grpc-js";

import { IndexerServiceService } from "@arkrelay/daemons/proto/ark/v1/indexer";
import { ArkServiceService } from "@arkrelay/daemons/proto/ark/v1/service";

import type { ArkCalls } from "../calls/ark-calls";
import type { IndexerCalls } from "../calls/indexer-calls";
import type { StreamRpc, UnaryRpc } from "../calls/rpc";
import type { CallGate, RawSink } from "./call-gate";
import { encodeStatusDetails, toCallStatus } from "./call-status";

/** ArkService and IndexerService over gRPC. The server listens nowhere itself: connections are handed to it. */
export function grpcServer(ark: ArkCalls, indexer: IndexerCalls, gate: CallGate): Server {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const unary = <Q, A>(rpc: UnaryRpc<Q, A>) => unaryHandler(gate, rpc);
  const stream = <Q, A>(rpc: StreamRpc<Q, A>) => streamHandler(gate, rpc);
  server.addService(ArkServiceService, {
    getInfo: unary(ark.getInfo),
    submitTx: unary(ark.submitTx),
    finalizeTx: unary(ark.finalizeTx),
    getPendingTx: unary(ark.getPendingTx),
    registerIntent: unary(ark.registerIntent),
    estimateIntentFee: unary(ark.estimateIntentFee),
    deleteIntent: unary(ark.deleteIntent),
    confirmRegistration: unary(ark.confirmRegistration),
    submitTreeNonces: unary(ark.submitTreeNonces),
    submitTreeSignatures: unary(ark.submitTreeSignatures),
    submitSignedForfeitTxs: unary(ark.submitSignedForfeitTxs),
    updateStreamTopics: unary(ark.updateStreamTopics),
    getEventStream: stream(ark.getEventStream),
    getTransactionsStream: stream(ark.getTransactionsStream),
  });
  server.addService(IndexerServiceService, {
    getVtxos: unary(indexer.getVtxos),
    getVirtualTxs: unary(indexer.getVirtualTxs),
    getCommitmentTx: unary(indexer.getCommitmentTx),
    getAsset: unary(indexer.getAsset),
    subscribeForScripts: unary(indexer.subscribeForScripts),
    unsubscribeForScripts: unary(indexer.unsubscribeForScripts),
    getSubscription: stream(indexer.getSubscription),
  });
  server.addService(HEALTH_SERVICE, { check: answerServing });
  return server;
}

function unaryHandler<Q, A>(gate: CallGate, rpc: UnaryRpc<Q, A>): handleUnaryCall<Q, A> {
  return (call: ServerUnaryCall<Q, A>, reply: sendUnaryData<A>) => {
    gate.runUnary(rpc, call.request, digestOf(call.metadata)).then(
      (answer) => reply(null, answer),
      (error: unknown) => reply(toServiceError(error)),
    );
  };
}

function streamHandler<Q, A>(gate: CallGate, rpc: StreamRpc<Q, A>): handleServerStreamingCall<Q, A> {
  return (call: ServerWritableStream<Q, A>) => {
    const sink = toRawSink(call);
    gate.openStream(rpc, call.request, digestOf(call.metadata), sink).catch((error: unknown) => sink.fail(error));
  };
}

function toRawSink<Q, A>(call: ServerWritableStream<Q, A>): RawSink<A> & { fail(error: unknown): void } {
  const listeners: (() => void)[] = [];
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const listener of listeners) listener();
  };
  call.on("cancelled", close);
  call.on("error", close);
  const fail = (error: unknown): void => {
    if (closed) return;
    close();
    call.emit("error", toServiceError(error));
  };
  return {
    write: (message) => {
      if (!closed) call.write(message);
    },
    end: (error) => {
      if (error !== undefined) return fail(error);
      if (closed) return;
      close();
      call.end();
    },
    onClose: (listener) => void listeners.push(listener),
    fail,
  };
}

function digestOf(metadata: Metadata): string | undefined {
  return metadata.get("x-digest")[0]?.toString();
}

function toServiceError(error: unknown): Partial<ServiceError> {
  const status = toCallStatus(error);
  const metadata = new Metadata();
  if (status.details !== undefined) metadata.set("grpc-status-details-bin", encodeStatusDetails(status));
  return { code: GrpcStatus[status.status], details: status.message, metadata };
}

/** grpc.health.v1 in two bytes: field 1 (status) = 1 (SERVING). */
const SERVING = Buffer.from([0x08, 0x01]);

const HEALTH_SERVICE = {
  check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: Buffer) => value,
    requestDeserialize: (value: Buffer) => value,
    responseSerialize: (value: Buffer) => value,
    responseDeserialize: (value: Buffer) => value,
  },
} as const;

const answerServing: handleUnaryCall<Buffer, Buffer> = (_call, reply) => reply(null, SERVING);
