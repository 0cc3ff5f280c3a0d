import { type AdminCalls, createAdminCalls } from "./http/admin-calls.js";
import { type StreamEvent, readEventStream } from "./http/event-stream.js";
import { type CallOptions, HttpTransport, type TransportOptions } from "./http/http-transport.js";
import { createWebhookCalls, type WebhookCalls } from "./http/webhook-calls.js";
import type { NostrEvent } from "./nostr-event.js";
import type { ItemSignature, IntentContent } from "./payloads.js";
import * as reply from "./response-schemas.js";
import { delay } from "./retry.js";

export type GatewayClientOptions = TransportOptions;
export type { CallAs, CallOptions } from "./http/http-transport.js";
export type { StreamEvent } from "./http/event-stream.js";

type Fields = Readonly<Record<string, unknown>>;
type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CreateSessionOptions extends CallOptions {
  /** The signed 31510; makes the session owner-proven whoever sends it. */
  readonly intent_event?: NostrEvent;
  readonly delivery?: "nostr" | "http" | "both";
  readonly auto_start?: boolean;
}

export interface RespondOptions extends CallOptions {
  readonly user_pubkey?: string;
  readonly payload_ref?: string;
  readonly challenge_id?: string;
  readonly checkpoint_signatures?: readonly ItemSignature[];
}

/** Usually enough for the node to make an invoice. */
const INVOICE_WAIT_SECONDS = 5;

const JOB_ENDS = new Set(["completed", "failed", "cancelled"]);

/** Typed client of the gateway's REST API, one method per route. Refusals throw GatewayClientError and its subclasses. */
export class GatewayClient {
  readonly #http: HttpTransport;
  /** Operator routes; they need `adminKey`. */
  readonly admin: AdminCalls;
  /** Where events of yours are sent; `verifyWebhook` checks what arrives there. */
  readonly webhooks: WebhookCalls;

  constructor(baseUrl: string, options: GatewayClientOptions = {}) {
    this.#http = new HttpTransport(baseUrl, options);
    this.admin = createAdminCalls(this.#http);
    this.webhooks = createWebhookCalls(this.#http);
  }

  /** POST /sessions/create. The same action_id with the same content answers with the existing session. */
  createSession(
    userPubkey: string,
    sessionType: string,
    intentData: IntentContent | Fields,
    options: CreateSessionOptions = {},
  ) {
    const { intent_event, delivery, auto_start, ...call } = options;
    const body = {
      user_pubkey: userPubkey,
      session_type: sessionType,
      intent_data: intentData,
      intent_event,
      delivery,
      auto_start,
    };
    return this.#http.call({ method: "POST", path: "/sessions/create", body, reply: reply.createdSession, ...call });
  }

  /** POST /sessions/{id}/challenge: opens challenge 1, or answers with the open one. */
  createChallenge(sessionId: string, challengeData?: Fields, context?: Fields, options: CallOptions = {}) {
    const body = { challenge_data: challengeData, context };
    return this.#http.call({
      method: "POST",
      path: `/sessions/${part(sessionId)}/challenge`,
      body,
      reply: reply.openedChallenge,
      ...options,
    });
  }

  /** GET /challenges/{id}. */
  async getChallenge(challengeId: string, options: CallOptions = {}) {
    const read = await this.#get(`/challenges/${part(challengeId)}`, reply.challengeRead, {}, options);
    return read.challenge;
  }

  /** POST /sessions/{id}/respond: one signature, or one per item. */
  respondToChallenge(sessionId: string, signatures: string | readonly ItemSignature[], options: RespondOptions = {}) {
    const { user_pubkey, payload_ref, challenge_id, checkpoint_signatures, ...call } = options;
    const answer = typeof signatures === "string" ? { signature: signatures } : { signatures };
    const body = { ...answer, user_pubkey, payload_ref, challenge_id, checkpoint_signatures };
    return this.#http.call({
      method: "POST",
      path: `/sessions/${part(sessionId)}/respond`,
      body,
      reply: reply.challengeAnswer,
      ...call,
    });
  }

  /** POST /sessions/{id}/complete (protocol_op only). */
  completeSession(
    sessionId: string,
    resultData: Fields = {},
    options: CallOptions & { readonly signed_tx?: string } = {},
  ) {
    const { signed_tx, ...call } = options;
    const body = { result_data: resultData, signed_tx };
    return this.#post(`/sessions/${part(sessionId)}/complete`, body, reply.completedSession, call);
  }

  /** POST /sessions/{id}/fail. */
  failSession(sessionId: string, reason?: string, options: CallOptions = {}) {
    return this.#post(`/sessions/${part(sessionId)}/fail`, { error_message: reason }, reply.sessionEnd, options);
  }

  getSession(sessionId: string, options: CallOptions = {}) {
    return this.#get(`/sessions/${part(sessionId)}`, reply.session, {}, options);
  }

  listSessions(query: Query = {}, options: CallOptions = {}) {
    return this.#get("/sessions", reply.sessionList, query, options);
  }

  /** GET /sessions/{id}/events; resumes by itself, ends after `done`. */
  streamSession(
    sessionId: string,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<StreamEvent, void, undefined> {
    return readEventStream(this.#http, `/sessions/${part(sessionId)}/events`, signal);
  }

  /** POST /signing/ceremony/start. Idempotent. */
  startCeremony(sessionId: string, options: CallOptions = {}) {
    return this.#post("/signing/ceremony/start", { session_id: sessionId }, reply.ceremonyStart, options);
  }

  getCeremonyStatus(sessionId: string, options: CallOptions = {}) {
    return this.#get(`/signing/ceremony/${part(sessionId)}/status`, reply.ceremonyStatus, {}, options);
  }

  /** Before the hand-over to arkd; afterwards ConflictError `too_late_to_cancel`. */
  cancelCeremony(sessionId: string, reason?: string, options: CallOptions = {}) {
    return this.#post(`/signing/ceremony/${part(sessionId)}/cancel`, { reason }, reply.ceremonyCancel, options);
  }

  /** POST /assets/transfer: opens a p2p_transfer session and its first challenge; moves nothing until the sender signs. */
  transferAsset(
    senderPubkey: string,
    recipientPubkey: string,
    assetId: string,
    amount: number,
    options: CallOptions & { readonly fee_asset_id?: string; readonly fee_amount?: number } = {},
  ) {
    const { fee_asset_id, fee_amount, ...call } = options;
    const body = {
      sender_pubkey: senderPubkey,
      recipient_pubkey: recipientPubkey,
      asset_id: assetId,
      amount,
      fee_asset_id,
      fee_amount,
    };
    return this.#post("/assets/transfer", body, reply.transferResult, call);
  }

  /** POST /transactions/p2p-transfer: prepares and starts the ceremony of a p2p_transfer session. */
  p2pTransfer(sessionId: string, options: CallOptions = {}) {
    return this.#post("/transactions/p2p-transfer", { session_id: sessionId }, reply.p2pTransfer, options);
  }

  /** Public. */
  getAssetInfo(assetId: string, options: CallOptions = {}) {
    return this.#get(`/assets/${part(assetId)}`, reply.asset, {}, { as: "public", ...options });
  }

  /** Public. */
  listAssets(query: Query = {}, options: CallOptions = {}) {
    return this.#get("/assets", reply.assetList, query, { as: "public", ...options });
  }

  /** POST /assets; needs `adminKey`. `totalSupply` is the cap, 0 = 2^53-1; its units appear with the first mint. */
  async createAsset(
    assetId: string,
    name: string,
    ticker: string,
    totalSupply = 0,
    { fields = {}, ...options }: CallOptions & { readonly fields?: Fields } = {},
  ) {
    const body = { ...fields, asset_id: assetId, name, ticker, total_supply: totalSupply };
    return (await this.#post("/assets", body, reply.assetWritten, { as: "admin", ...options })).asset;
  }

  /** PATCH /assets/{asset_id}; needs `adminKey`. */
  async updateAsset(assetId: string, fields: Fields, options: CallOptions = {}) {
    const path = `/assets/${part(assetId)}`;
    const call = { method: "PATCH", path, body: fields, reply: reply.assetWritten, as: "admin", ...options } as const;
    return (await this.#http.call(call)).asset;
  }

  /** POST /assets/{asset_id}/mint; needs `adminKey`. The units are the user's when the job is through. */
  mintAsset(assetId: string, userPubkey: string, amount: number, options: CallOptions = {}) {
    const body = { user_pubkey: userPubkey, amount };
    return this.#post(`/assets/${part(assetId)}/mint`, body, reply.mint, { as: "admin", ...options });
  }

  /** POST /vtxos/batch/create; needs `adminKey`. Stock of the gateway's own; `assetAmount` units on each, of all assets but gBTC. */
  vtxoBatchCreate(
    assetId: string,
    count: number,
    amountSats?: number,
    { assetAmount, ...options }: CallOptions & { readonly assetAmount?: number } = {},
  ) {
    const body = { asset_id: assetId, count, amount_sats: amountSats, asset_amount: assetAmount };
    return this.#post("/vtxos/batch/create", body, reply.vtxoBatch, { as: "admin", ...options });
  }

  /** POST /vtxos/assign; needs a key with `vtxos:assign` and an allowance, or `as: "admin"`. The user's when the job is through. */
  vtxoAssign(userPubkey: string, assetId: string, amountNeeded: number, options: CallOptions = {}) {
    const body = { user_pubkey: userPubkey, asset_id: assetId, amount_needed: amountNeeded };
    return this.#post("/vtxos/assign", body, reply.vtxoAssigned, options);
  }

  /** POST /vtxos/split: opens a split of one VTXO and its first challenge; moves nothing until its owner signs. */
  vtxoSplit(
    userPubkey: string,
    vtxoId: string,
    splitAmounts: readonly number[],
    options: CallOptions & {
      readonly asset_id?: string;
      readonly fee_asset_id?: string;
      readonly fee_amount?: number;
    } = {},
  ) {
    const { asset_id, fee_asset_id, fee_amount, ...call } = options;
    const body = {
      user_pubkey: userPubkey,
      vtxo_id: vtxoId,
      split_amounts: splitAmounts,
      asset_id,
      fee_asset_id,
      fee_amount,
    };
    return this.#post("/vtxos/split", body, reply.vtxoSplit, call);
  }

  /** POST /vtxos/settlement/process; needs `adminKey`. */
  vtxoSettlementProcess(options: CallOptions = {}) {
    return this.#post("/vtxos/settlement/process", {}, reply.settlementStarted, { as: "admin", ...options });
  }

  /** GET /vtxos/settlement/status. Public. */
  vtxoSettlementStatus(options: CallOptions = {}) {
    return this.#get("/vtxos/settlement/status", reply.settlementStatus, {}, { as: "public", ...options });
  }

  /** GET /vtxos/settlement/proof/{vtxo_id}. Public; `verifySettlementProof` says whether it holds. */
  vtxoSettlementProof(vtxoId: string, options: CallOptions = {}) {
    const path = `/vtxos/settlement/proof/${part(vtxoId)}`;
    return this.#get(path, reply.settlementProof, {}, { as: "public", ...options });
  }

  /**
   * Opens a renewal and prepares its challenge 1: VTXOs of a user that all live a day at least. Nothing moves until the
   * user signs; see `executeRenewFlow`.
   */
  vtxoRenew(userPubkey: string, vtxoIds: readonly string[], options: CallOptions = {}) {
    const body = { user_pubkey: userPubkey, vtxo_ids: vtxoIds };
    return this.#post("/vtxos/renew", body, reply.vtxoRenewal, options);
  }

  /** What stands behind an asset. Public. */
  async getAssetReserve(assetId: string, options: CallOptions = {}) {
    const path = `/assets/${part(assetId)}/reserve`;
    return (await this.#get(path, reply.assetReserve, {}, { as: "public", ...options })).reserve_requirements;
  }

  getUserBalances(userPubkey: string, options: CallOptions = {}) {
    return this.#get(`/balances/${part(userPubkey)}`, reply.balances, {}, options);
  }

  getAssetBalance(userPubkey: string, assetId: string, options: CallOptions = {}) {
    return this.#get(`/balances/${part(userPubkey)}/${part(assetId)}`, reply.assetBalance, {}, options);
  }

  /** Available units by asset. */
  async getAvailableBalances(userPubkey: string, options: CallOptions = {}): Promise<Map<string, number>> {
    const { balances } = await this.getUserBalances(userPubkey, options);
    return new Map(balances.map((balance) => [balance.asset_id, balance.available_balance] as const));
  }

  /** GET /vtxos/{user_pubkey}. */
  listVtxos(userPubkey: string, query: Query = {}, options: CallOptions = {}) {
    return this.#get(`/vtxos/${part(userPubkey)}`, reply.vtxoManagement, query, options);
  }

  /** GET /vtxos/user/{user_pubkey}. */
  listUserVtxos(userPubkey: string, query: Query = {}, options: CallOptions = {}) {
    return this.#get(`/vtxos/user/${part(userPubkey)}`, reply.userVtxos, query, options);
  }

  async getTransaction(txid: string, options: CallOptions = {}) {
    const read = await this.#get(`/transactions/${part(txid)}`, reply.transaction, {}, options);
    return read.transaction;
  }

  /** Public by exact txid. */
  getTransactionStatus(txid: string, options: CallOptions = {}) {
    return this.#get(`/transactions/${part(txid)}/status`, reply.transactionStatus, {}, { as: "public", ...options });
  }

  listTransactions(userPubkey: string, query: Query = {}, options: CallOptions = {}) {
    return this.#get(`/transactions/user/${part(userPubkey)}`, reply.transactionList, query, options);
  }

  /** Notes that the wallet has seen its outputs; changes no money state. */
  confirmTransaction(txid: string, options: CallOptions = {}) {
    return this.#post(`/transactions/user/confirm/${part(txid)}`, {}, reply.transactionConfirm, {
      as: "owner",
      ...options,
    });
  }

  /** POST /lightning/lift: an invoice whose payment brings a VTXO to the user. Waits a little for the invoice. */
  lightningLift(
    userPubkey: string,
    assetId: string,
    amount: number,
    options: CallOptions & { readonly memo?: string } = {},
  ) {
    const { memo, ...call } = options;
    const body = { user_pubkey: userPubkey, asset_id: assetId, amount, memo };
    return this.#post("/lightning/lift", body, reply.lift, { waitSeconds: INVOICE_WAIT_SECONDS, ...call });
  }

  /** POST /lightning/land: opens a land and its first challenge; nothing moves until the user signs. */
  lightningLand(
    userPubkey: string,
    assetId: string,
    amount: number,
    lightningInvoice: string,
    options: CallOptions = {},
  ) {
    const body = { user_pubkey: userPubkey, asset_id: assetId, amount, lightning_invoice: lightningInvoice };
    return this.#post("/lightning/land", body, reply.land, options);
  }

  /** POST /lightning/pay/{payment_hash} (operators): resumes a land whose VTXO the gateway has. */
  lightningPay(paymentHash: string, options: CallOptions = {}) {
    return this.#post(`/lightning/pay/${part(paymentHash)}`, {}, reply.landResume, { as: "admin", ...options });
  }

  /** GET /lightning/invoices/{payment_hash}. Public; parties (`as: "owner"`) also read the preimage once it is paid. */
  async getInvoice(paymentHash: string, options: CallOptions = {}) {
    const path = `/lightning/invoices/${part(paymentHash)}`;
    return (await this.#get(path, reply.lightningInvoice, {}, { as: "public", ...options })).invoice_status;
  }

  /** GET /lightning/fees/estimate/{amount}. Public. */
  async estimateFee(
    amount: number,
    options: CallOptions & { readonly direction?: "land" | "lift"; readonly asset_id?: string } = {},
  ) {
    const { direction, asset_id, ...call } = options;
    const path = `/lightning/fees/estimate/${part(String(amount))}`;
    const query = { direction, asset_id };
    return (await this.#get(path, reply.feeEstimate, query, { as: "public", ...call })).fee_estimate;
  }

  /** POST /enqueue-user-process. */
  enqueueUserProcess(
    fields: { readonly user_id?: string; readonly action_type?: string; readonly data?: Fields } = {},
    options: CallOptions = {},
  ) {
    return this.#post("/enqueue-user-process", fields, reply.enqueuedJob, options);
  }

  getJob(jobId: string, options: CallOptions = {}) {
    return this.#get(`/jobs/${part(jobId)}`, reply.job, {}, options);
  }

  listJobs(query: Query = {}, options: CallOptions = {}) {
    return this.#get("/jobs", reply.jobList, query, options);
  }

  cancelJob(jobId: string, reason?: string, options: CallOptions = {}) {
    return this.#post(`/jobs/${part(jobId)}/cancel`, { reason }, reply.jobChange, options);
  }

  retryJob(jobId: string, options: CallOptions = {}) {
    return this.#post(`/jobs/${part(jobId)}/retry`, {}, reply.jobChange, options);
  }

  /** GET /jobs/{id}/events; resumes by itself, ends after `done`. */
  streamJob(
    jobId: string,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<StreamEvent, void, undefined> {
    return readEventStream(this.#http, `/jobs/${part(jobId)}/events`, signal);
  }

  /** Reads the job until it has ended, or rejects when the signal aborts. */
  async waitForJob(jobId: string, options: { readonly intervalMs?: number; readonly signal?: AbortSignal } = {}) {
    for (;;) {
      const job = await this.getJob(jobId, options.signal ? { signal: options.signal } : {});
      if (JOB_ENDS.has(job.status)) return job;
      await delay(options.intervalMs ?? 500, options.signal);
    }
  }

  /** The health document, also when the gateway calls itself unhealthy (503 with the same body). */
  health(options: CallOptions = {}) {
    return this.#http.call({
      method: "GET",
      path: "/health",
      reply: reply.health,
      alsoOk: [503],
      as: "public",
      ...options,
    });
  }

  ready(options: CallOptions = {}) {
    return this.#http.call({
      method: "GET",
      path: "/ready",
      reply: reply.ready,
      alsoOk: [503],
      as: "public",
      ...options,
    });
  }

  /** Every page of a list method, one page at a time: `for await (const page of client.paginate((q) => client.listJobs(q)))`. */
  async *paginate<P extends { readonly next_cursor?: string | null | undefined }>(
    list: (query: Query) => Promise<P>,
    query: Query = {},
  ): AsyncGenerator<P, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await list(cursor === undefined ? query : { ...query, cursor });
      yield page;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  #get<S extends Reply>(path: string, schema: S, query: Query, options: CallOptions) {
    return this.#http.call({ method: "GET", path, query, reply: schema, ...options });
  }

  #post<S extends Reply>(path: string, body: Fields, schema: S, options: CallOptions) {
    return this.#http.call({ method: "POST", path, body, reply: schema, ...options });
  }
}

type Reply = Parameters<HttpTransport["call"]>[0]["reply"];

function part(text: string): string {
  return encodeURIComponent(text);
}
