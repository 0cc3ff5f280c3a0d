import { writeFileSync } from "node:fs";
import path from "node:path";

import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { generate } from "selfsigned";

import { ErrorDetails } from "../gen/ark/v1/errors";
import {
  type GetSubscriptionRequest,
  type GetSubscriptionResponse,
  IndexerServiceService,
  type SubscribeForScriptsRequest,
  type SubscribeForScriptsResponse,
  type UnsubscribeForScriptsRequest,
  type UnsubscribeForScriptsResponse,
} from "../gen/ark/v1/indexer";
import {
  ArkServiceService,
  GetInfoResponse,
  type GetTransactionsStreamRequest,
  type GetTransactionsStreamResponse,
} from "../gen/ark/v1/service";
import { TxNotification, Vtxo } from "../gen/ark/v1/types";
import { Status } from "../gen/google/rpc/status";

/** One arrived call: what was asked, with which metadata, and how it is answered. */
export interface ArrivedCall {
  readonly method: string;
  readonly request: unknown;
  readonly metadata: Metadata;
}

type Handler = (call: ArrivedCall) => unknown;
type SubscriptionStream = ServerWritableStream<GetSubscriptionRequest, GetSubscriptionResponse>;
type TransactionStream = ServerWritableStream<GetTransactionsStreamRequest, GetTransactionsStreamResponse>;

/** Never answers. */
export const HOLD = new Promise<never>(() => undefined);

/** arkd's own refusal, with details in the trailer. */
export function refusal(
  code: number,
  name: string,
  grpcStatus = status.INVALID_ARGUMENT,
  metadataOfError: Record<string, string> = { vtxo_outpoint: "ab:0" },
): ServiceError {
  const message = `${name} (${code}): because the test says so`;
  const details = ErrorDetails.fromPartial({ code, name, message, metadata: metadataOfError });
  const packed = {
    typeUrl: "type.googleapis.com/ark.v1.ErrorDetails",
    value: Buffer.from(ErrorDetails.encode(details).finish()),
  };
  const trailer = Status.fromPartial({ code: grpcStatus, message, details: [packed] });
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode(trailer).finish()));
  return Object.assign(new Error(message), { code: grpcStatus, details: message, metadata });
}

/** A failure below arkd: a proxy, the network, a guard. */
export function failure(grpcStatus: status, text = "because the test says so"): ServiceError {
  return Object.assign(new Error(text), { code: grpcStatus, details: text, metadata: new Metadata() });
}

/** A gRPC server in this process that answers as a test tells it, over TLS. */
export class FakeArkd {
  info = GetInfoResponse.fromPartial({
    version: "0.9.9",
    signerPubkey: "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    forfeitPubkey: "03dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
    checkpointTapscript: "039e0440b2",
    network: "regtest",
    unilateralExitDelay: 86_528n,
    dust: 330n,
    vtxoMinAmount: -1n,
    vtxoMaxAmount: -1n,
    maxTxWeight: 40_000n,
    maxOpReturnOutputs: 3n,
    digest: "digest 1",
  });
  readonly calls: ArrivedCall[] = [];
  /** Answers by method; a handler returns the reply or a promise of it, or throws a ServiceError. */
  readonly answers = new Map<string, Handler>([["GetInfo", () => this.info]]);
  readonly subscriptions = new Map<string, Set<string>>();
  readonly streams: { readonly id: string; readonly stream: SubscriptionStream }[] = [];
  readonly transactionStreams: TransactionStream[] = [];
  private server: Server | undefined;
  private port = 0;
  private subscriptionCount = 0;

  private constructor(
    readonly certFile: string,
    private readonly pem: { readonly cert: string; readonly key: string },
  ) {}

  /** Makes a certificate for localhost in `folder` and starts on a free port. */
  static async start(folder: string): Promise<FakeArkd> {
    const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
      keyType: "ec",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
    });
    const certFile = path.join(folder, "arkd.pem");
    writeFileSync(certFile, cert);
    const arkd = new FakeArkd(certFile, { cert, key });
    await arkd.listen();
    return arkd;
  }

  /** Tells the n-th transaction stream of an ark tx. */
  tellTransaction(stream: number, txid: string, spentScripts: readonly string[]): void {
    const spentVtxos = spentScripts.map((script) => Vtxo.fromPartial({ script }));
    const value = TxNotification.fromPartial({ txid, spentVtxos });
    this.transactionStreams[stream]?.write({ data: { $case: "arkTx", value } });
  }

  /** What a GrpcArkDaemon needs to reach it. Limits are small, so that tests take no time. */
  get config() {
    return {
      host: "localhost",
      port: this.port,
      tlsCertFile: this.certFile,
      tlsClientCertFile: undefined,
      tlsClientKeyFile: undefined,
      tlsServerName: undefined,
      macaroonFile: undefined,
      macaroonHex: undefined,
      allowPlaintext: false,
      maxRequestBytes: 4_194_304,
      maxReplyBytes: 4_194_304,
      keepaliveMs: 30_000,
      keepaliveTimeoutMs: 10_000,
      timeoutMs: 2_000,
      retryAttemptsMax: 2,
      retryDelayMs: 1,
      retryDelayMsMax: 5,
      breakerThreshold: 50,
      breakerTimeoutMs: 60_000,
      network: "regtest" as const,
      signerPubkey: undefined as string | undefined,
      forfeitPubkey: undefined as string | undefined,
    };
  }

  /** Listens on the port it had before, if any. */
  async listen(): Promise<void> {
    const server = new Server();
    server.addService(ArkServiceService, this.arkHandlers());
    server.addService(IndexerServiceService, this.indexerHandlers());
    const credentials = ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(this.pem.cert), private_key: Buffer.from(this.pem.key) },
    ]);
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`localhost:${this.port}`, credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    this.server = server;
  }

  stop(): void {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  callsOf(method: string): ArrivedCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  private arkHandlers() {
    return {
      getInfo: this.unary("GetInfo"),
      registerIntent: this.unary("RegisterIntent"),
      estimateIntentFee: this.unary("EstimateIntentFee"),
      deleteIntent: this.unary("DeleteIntent"),
      confirmRegistration: this.unary("ConfirmRegistration"),
      submitTreeNonces: this.unary("SubmitTreeNonces"),
      submitTreeSignatures: this.unary("SubmitTreeSignatures"),
      submitSignedForfeitTxs: this.unary("SubmitSignedForfeitTxs"),
      getEventStream: notServed,
      updateStreamTopics: this.unary("UpdateStreamTopics"),
      submitTx: this.unary("SubmitTx"),
      finalizeTx: this.unary("FinalizeTx"),
      getPendingTx: this.unary("GetPendingTx"),
      getTransactionsStream: (stream: TransactionStream) => void this.transactionStreams.push(stream),
    };
  }

  private indexerHandlers() {
    this.answers.set("SubscribeForScripts", ({ request }) => this.subscribe(request as SubscribeForScriptsRequest));
    this.answers.set("UnsubscribeForScripts", ({ request }) =>
      this.unsubscribe(request as UnsubscribeForScriptsRequest),
    );
    return {
      getVtxos: this.unary("GetVtxos"),
      getVirtualTxs: this.unary("GetVirtualTxs"),
      getCommitmentTx: this.unary("GetCommitmentTx"),
      getAsset: this.unary("GetAsset"),
      subscribeForScripts: this.unary("SubscribeForScripts"),
      unsubscribeForScripts: this.unary("UnsubscribeForScripts"),
      getSubscription: ((stream: SubscriptionStream) => this.open(stream)) as handleServerStreamingCall<
        GetSubscriptionRequest,
        GetSubscriptionResponse
      >,
    };
  }

  private unary<Request, Reply>(method: string): handleUnaryCall<Request, Reply> {
    return ({ request, metadata }, done) => {
      const call = { method, request, metadata };
      this.calls.push(call);
      void this.answer(call).then(
        (reply) => done(null, reply as Reply),
        (error: unknown) => done(error as ServiceError),
      );
    };
  }

  private async answer(call: ArrivedCall): Promise<unknown> {
    const handler = this.answers.get(call.method);
    if (handler === undefined) throw failure(status.UNIMPLEMENTED);
    return handler(call);
  }

  private subscribe({ scripts, subscriptionId }: SubscribeForScriptsRequest): SubscribeForScriptsResponse {
    if (subscriptionId === "") {
      this.subscriptionCount += 1;
      const id = `subscription ${this.subscriptionCount}`;
      this.subscriptions.set(id, new Set(scripts));
      return { subscriptionId: id };
    }
    const known = this.subscriptions.get(subscriptionId);
    if (known === undefined) throw refusal(50, "SUBSCRIPTION_NOT_FOUND", status.NOT_FOUND);
    for (const script of scripts) known.add(script);
    return { subscriptionId };
  }

  private unsubscribe({ scripts, subscriptionId }: UnsubscribeForScriptsRequest): UnsubscribeForScriptsResponse {
    for (const script of scripts) this.subscriptions.get(subscriptionId)?.delete(script);
    return {};
  }

  private open(stream: SubscriptionStream): void {
    const { subscriptionId } = stream.request;
    this.calls.push({ method: "GetSubscription", request: stream.request, metadata: stream.metadata });
    if (!this.subscriptions.has(subscriptionId)) {
      stream.emit("error", refusal(50, "SUBSCRIPTION_NOT_FOUND", status.NOT_FOUND));
      return;
    }
    this.streams.push({ id: subscriptionId, stream });
  }
}

function notServed(stream: { emit(event: "error", error: ServiceError): boolean }): void {
  stream.emit("error", failure(status.UNIMPLEMENTED));
}
