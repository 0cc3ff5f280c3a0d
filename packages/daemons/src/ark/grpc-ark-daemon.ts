import { Metadata } from "@grpc/grpc-js";

import type { BitcoinNetwork } from "@arkrelay/core/ark/network";
import { assert } from "@arkrelay/core/errors";
import type {
  ArkDaemon,
  ArkIntentProof,
  ArkServerInfo,
  ArkVtxo,
  ListVtxosFilter,
  PendingArkTx,
} from "@arkrelay/core/ports/ark-daemon";

import type { CallLimits, DaemonEndpoint } from "../connection-config";
import { DaemonLink } from "../daemon-link";
import type { DaemonObserver } from "../daemon-observer";
import { type GetAssetResponse, GetVtxosRequest, type GetVtxosResponse } from "../gen/ark/v1/indexer";
import type {
  FinalizeTxResponse,
  GetInfoResponse,
  GetPendingTxResponse,
  SubmitTxResponse,
} from "../gen/ark/v1/service";
import type { OpenStream } from "../server-stream";
import type { StartCall } from "../unary-call";
import { type ArkClients, openArkClients } from "./ark-clients";
import { arkErrorName, isDigestMismatch, toArkRefusal } from "./ark-errors";
import { GrpcArkBatches } from "./grpc-ark-batches";
import { isSameForTransfers, ServerInfoCache } from "./server-info-cache";
import { toArkVtxo } from "./to-ark-vtxo";
import { toServerInfo } from "./to-server-info";
import { type ArkTransactionNotice, toTransactionNotice } from "./transaction-notices";

/** The arkd release whose interface protos/ark/v1 repeats; arkd refuses clients older than its configured minimum. */
const BUILD_VERSION = "0.9.9";

/** arkd's largest page. */
const PAGE_SIZE = 100;

/** Scripts or outpoints of one request: far from the message limit, few enough for arkd's query. */
const FILTERS_PER_REQUEST = 100;

const DEFAULT_INFO_MAX_AGE_MS = 60_000;

export interface ArkdConfig extends DaemonEndpoint, CallLimits {
  readonly network: BitcoinNetwork;
  /** x-only, 64 hex; undefined = pin the first seen. */
  readonly signerPubkey: string | undefined;
  readonly forfeitPubkey: string | undefined;
}

export interface GrpcArkDaemonDeps {
  readonly observer: DaemonObserver;
  readonly requestId: () => string | undefined;
}

/** arkd over gRPC. See the port for what each method throws. */
export class GrpcArkDaemon implements ArkDaemon {
  readonly link: DaemonLink<ArkClients>;
  readonly batches = new GrpcArkBatches(this);
  private readonly info: ServerInfoCache;

  constructor(config: ArkdConfig, deps: GrpcArkDaemonDeps) {
    this.link = new DaemonLink({
      service: "arkd",
      endpoint: config,
      limits: config,
      observer: deps.observer,
      openClients: openArkClients,
      toRefusal: toArkRefusal,
      nameOf: arkErrorName,
      requestId: deps.requestId,
    });
    this.info = new ServerInfoCache(() => this.readInfo(config.network), config);
  }

  getInfo(options?: { readonly maxAgeMs?: number }): Promise<ArkServerInfo> {
    return this.info.current(options?.maxAgeMs ?? DEFAULT_INFO_MAX_AGE_MS);
  }

  /** Throws `daemon_unavailable` while arkd shows other keys than the pinned ones. */
  async pinnedInfo(): Promise<ArkServerInfo> {
    const info = await this.getInfo();
    this.info.checkPins(info);
    return info;
  }

  async submitTx(input: {
    readonly signedArkTx: string;
    readonly checkpointTxs: readonly string[];
  }): Promise<PendingArkTx> {
    const request = { signedArkTx: input.signedArkTx, checkpointTxs: [...input.checkpointTxs] };
    return this.write<SubmitTxResponse>("SubmitTx", ({ ark }, ...rest) => ark.submitTx(request, ...rest));
  }

  async finalizeTx(input: { readonly arkTxid: string; readonly finalCheckpointTxs: readonly string[] }): Promise<void> {
    const request = { arkTxid: input.arkTxid, finalCheckpointTxs: [...input.finalCheckpointTxs] };
    await this.write<FinalizeTxResponse>("FinalizeTx", ({ ark }, ...rest) => ark.finalizeTx(request, ...rest));
  }

  async getPendingTxs(intent: ArkIntentProof): Promise<readonly PendingArkTx[]> {
    const request = { identifier: { $case: "intent" as const, value: { ...intent } } };
    const { pendingTxs } = await this.read<GetPendingTxResponse>("GetPendingTx", ({ ark }, ...rest) =>
      ark.getPendingTx(request, ...rest),
    );
    return pendingTxs;
  }

  async listVtxosByScripts(scripts: readonly string[], filter: ListVtxosFilter = {}): Promise<readonly ArkVtxo[]> {
    const flags = {
      spendableOnly: filter.spendableOnly ?? false,
      pendingOnly: filter.pendingOnly ?? false,
      after: BigInt(filter.afterMs ?? 0),
    };
    return this.listInChunks(scripts, (chunk) => ({ scripts: chunk, ...flags }));
  }

  async listVtxosByOutpoints(vtxoIds: readonly string[]): Promise<readonly ArkVtxo[]> {
    return this.listInChunks(vtxoIds, (chunk) => ({ outpoints: chunk }));
  }

  async getAssetSupply(arkAssetId: string): Promise<bigint> {
    const request = { assetId: arkAssetId };
    const { supply } = await this.read<GetAssetResponse>("GetAsset", ({ indexer }, ...rest) =>
      indexer.getAsset(request, ...rest),
    );
    // Decimal text; an amount of arkd's is a uint64.
    assert(/^\d{1,20}$/.test(supply), `arkd says how many units of ${arkAssetId} there are`);
    return BigInt(supply);
  }

  /** Any other read of arkd, for what shares this connection. `signal` gives it up at once. */
  async read<Reply>(method: string, start: StartCall<ArkClients, Reply>, signal?: AbortSignal): Promise<Reply> {
    const info = await this.getInfo();
    try {
      return await this.link.read(method, start, { metadata: headersOf(info), signal });
    } catch (error) {
      if (!isDigestMismatch(error)) throw error;
      return this.link.read(method, start, { metadata: headersOf(await this.info.renew(info)), signal });
    }
  }

  /** A stream of arkd, as `DaemonLink.stream`. */
  async *stream<Message>(
    method: string,
    open: OpenStream<ArkClients, Message>,
    signal: AbortSignal,
  ): AsyncGenerator<Message, void> {
    yield* this.link.stream(method, open, { metadata: headersOf(await this.getInfo()), signal });
  }

  /** Every transaction of this arkd from now on; there is no backlog. Ends when arkd ends it, throws when the connection broke. */
  async *subscribeTransactions(signal: AbortSignal): AsyncGenerator<ArkTransactionNotice | "heartbeat", void> {
    const messages = this.stream(
      "GetTransactionsStream",
      ({ ark }, ...rest) => ark.getTransactionsStream({}, ...rest),
      signal,
    );
    for await (const message of messages) yield toTransactionNotice(message) ?? "heartbeat";
  }

  close(): void {
    this.link.close();
  }

  /** Nothing is sent to an arkd whose parameters or keys are not those the caller built upon. */
  async write<Reply>(method: string, start: StartCall<ArkClients, Reply>): Promise<Reply> {
    const info = await this.pinnedInfo();
    try {
      return await this.link.write(method, start, { metadata: headersOf(info) });
    } catch (error) {
      if (!isDigestMismatch(error)) throw error;
      // arkd checks the digest before anything else, so the call had no effect and may be made once more.
      const renewed = await this.info.renew(info);
      this.info.checkPins(renewed);
      if (!isSameForTransfers(info, renewed)) throw error;
      return this.link.write(method, start, { metadata: headersOf(renewed) });
    }
  }

  private async readInfo(network: BitcoinNetwork): Promise<ArkServerInfo> {
    // Without x-digest: this is the call that learns it, and a wrong one is always refused.
    const reply = await this.link.read<GetInfoResponse>("GetInfo", ({ ark }, ...rest) => ark.getInfo({}, ...rest), {
      metadata: buildVersionHeader(),
    });
    return toServerInfo(reply, network);
  }

  private async listInChunks(
    filters: readonly string[],
    toRequest: (chunk: string[]) => Partial<GetVtxosRequest>,
  ): Promise<ArkVtxo[]> {
    // By id, because a VTXO that changes while pages are read can move from one page to the next.
    const found = new Map<string, ArkVtxo>();
    for (let start = 0; start < filters.length; start += FILTERS_PER_REQUEST) {
      const chunk = filters.slice(start, start + FILTERS_PER_REQUEST);
      for await (const vtxo of this.pages(toRequest(chunk))) found.set(vtxo.vtxoId, vtxo);
    }
    return [...found.values()];
  }

  private async *pages(filter: Partial<GetVtxosRequest>): AsyncGenerator<ArkVtxo> {
    for (let index = 0; ; index++) {
      const request = GetVtxosRequest.fromPartial({ ...filter, page: { size: PAGE_SIZE, index } });
      const { vtxos } = await this.read<GetVtxosResponse>("GetVtxos", ({ indexer }, ...rest) =>
        indexer.getVtxos(request, ...rest),
      );
      for (const vtxo of vtxos) yield toArkVtxo(vtxo);
      if (vtxos.length < PAGE_SIZE) return;
    }
  }
}

function buildVersionHeader(): Metadata {
  const metadata = new Metadata();
  metadata.set("x-build-version", BUILD_VERSION);
  return metadata;
}

function headersOf(info: ArkServerInfo): Metadata {
  const metadata = buildVersionHeader();
  metadata.set("x-digest", info.digest);
  return metadata;
}
