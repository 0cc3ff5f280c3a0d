import { openDeadline } from "./deadline.js";
import { CeremonyTimeoutError, PaymentFailedError, RetriableHttpError } from "./errors.js";
import type { ServiceResponse31501 } from "./event-schemas.js";
import type { GatewayClient } from "./gateway-client.js";
import {
  createLandIntent,
  type LandIntentRequest,
  type LightningAmount,
  newId,
  readLandFee,
  readLightningAmount,
} from "./lightning-intents.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import { PaymentFlow, type PaymentFlowOptions, type WaitOptions } from "./payment-flow.js";
import { delay } from "./retry.js";
import type { Signer } from "./signer.js";

export {
  createLandIntent,
  createLiftIntent,
  type LandIntentRequest,
  landFee,
  landFeeSats,
  type LiftIntentRequest,
  type LightningAmount,
} from "./lightning-intents.js";

export type LiftRequest = LightningAmount & LiftFields;

interface LiftFields extends WaitOptions {
  readonly memo?: string;
  /** The lift's identity: starting one twice with one id starts it once. */
  readonly requestId?: string;
  /** Pays the invoice, or shows it to whoever does. What it throws ends the wait, not the lift. */
  readonly onInvoice: (invoice: LiftInvoice) => void | Promise<void>;
}

export interface LiftInvoice {
  /** BOLT11. */
  readonly bolt11: string;
  readonly paymentHash: string;
  readonly operationId: string;
  readonly sessionId: string;
}

export interface LiftResult extends LiftInvoice {
  /** The ark tx that brought the VTXO, once it is known. */
  readonly txid?: string;
}

export interface LiftFlowOptions {
  readonly signer: Signer;
  /** Used when there is no `nostr`. */
  readonly client?: GatewayClient;
  readonly nostr?: NostrGatewayClient;
}

export type LandRequest = LandIntentRequest & WaitOptions;

export interface LandResult {
  readonly txid: string;
  readonly sessionId: string;
  readonly actionId: string;
  readonly paymentHash?: string;
  /** The proof of payment; over Nostr it comes in the 31502 `land_completed`. */
  readonly preimage?: string;
  /** In what was landed. */
  readonly fee: number;
  /** The fee as far as it is sats: 0 for a land of another asset. */
  readonly feeSats: number;
}

const TIMEOUT_MS = 120_000;
const PROOF_WAIT_MS = 3_000;
const LOOK_FIRST_MS = 50;
const LOOK_MS_MAX = 1_000;
/** A lift is through within half a second or waits for its payer: looks are close together first, and soon far apart. */
const LOOK_GROWTH = 1.3;
/** The VTXO is the user's in both: `lost` is a lift whose payment the gateway could not keep. */
const LIFT_DONE: ReadonlySet<string> = new Set(["paid", "lost"]);
const LIFT_FAILED: ReadonlySet<string> = new Set(["expired", "cancelled"]);

/**
 * Lightning in: asks for an invoice, hands it to `onInvoice`, and waits until it is paid and the VTXO is there. Throws
 * PaymentFailedError when the invoice ended unpaid, CeremonyTimeoutError when its end is not known yet.
 */
export async function executeLiftFlow(options: LiftFlowOptions, request: LiftRequest): Promise<LiftResult> {
  const deadline = openDeadline(request.timeoutMs ?? TIMEOUT_MS, request.signal);
  try {
    return options.nostr === undefined
      ? await liftOverHttp(requireClient(options), options.signer, request, deadline.signal)
      : await liftOverNostr(options.nostr, request, deadline.signal);
  } catch (error) {
    throw deadline.isOver() ? new CeremonyTimeoutError("the lift has not ended yet") : error;
  } finally {
    deadline.close();
  }
}

/**
 * Lightning out: states the land, verifies and answers its challenges, and waits until the invoice is paid. Throws as PaymentFlow;
 * a land whose payment failed for good has come back to the wallet as a VTXO (PaymentFailedError `payment_failed`).
 */
export async function executeLandFlow(options: PaymentFlowOptions, request: LandRequest): Promise<LandResult> {
  const flow = new PaymentFlow(options);
  const { landFeeBps } = options.pins;
  const priced = landFeeBps === undefined ? request : { landFeeBps, ...request };
  return options.nostr === undefined ? landOverHttp(flow, options, priced) : landOverNostr(flow, options.nostr, priced);
}

async function liftOverHttp(
  client: GatewayClient,
  signer: Signer,
  request: LiftRequest,
  signal: AbortSignal,
): Promise<LiftResult> {
  const { memo, requestId = newId("lift") } = request;
  const { assetId, amount } = readLightningAmount(request);
  const lift = await client.lightningLift(await signer.getPublicKey(), assetId, amount, {
    as: "owner",
    idempotencyKey: requestId,
    signal,
    ...(memo === undefined ? {} : { memo }),
  });
  const { payment_hash: paymentHash, operation_id: operationId, session_id: sessionId } = lift;
  const bolt11 = lift.bolt11_invoice ?? (await waitForInvoice(client, paymentHash, signal));
  const invoice = { bolt11, paymentHash, operationId, sessionId };
  await request.onInvoice(invoice);
  return { ...invoice, ...(await waitForLift(client, paymentHash, signal)) };
}

/** A lift that was begun by a request has its operation_id for an action_id, so its result comes under that. */
async function liftOverNostr(
  nostr: NostrGatewayClient,
  request: LiftRequest,
  signal: AbortSignal,
): Promise<LiftResult> {
  const { memo, requestId = newId("lift") } = request;
  const { assetId, amount } = readLightningAmount(request);
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
  const fields = { asset_id: assetId, amount, ...(memo === undefined ? {} : { memo }) };
  const { response } = await nostr.request("lift_lightning", fields, { requestId, signal, timeoutMs });
  const invoice = toLiftInvoice(response);
  const ending = nostr.waitForResult(invoice.operationId, signal);
  ending.catch(() => undefined);
  await request.onInvoice(invoice);
  const end = await ending;
  if (end.ok) return { ...invoice, txid: end.confirmation.results.txid };
  const { details, message, code } = end.failure;
  throw new PaymentFailedError(details?.code ?? "payment_failed", message, code);
}

async function landOverHttp(flow: PaymentFlow, options: PaymentFlowOptions, request: LandRequest): Promise<LandResult> {
  const client = requireClient(options);
  const startedAt = Date.now();
  const content = createLandIntent(request);
  const me = await options.signer.getPublicKey();
  const { assetId, amount } = readLightningAmount(request);
  const land = await client.lightningLand(me, assetId, amount, request.invoice, {
    as: "owner",
    idempotencyKey: content.action_id,
  });
  const approved = { content, sessionId: land.session_id };
  const paid = await flow.followOverHttp(approved, { ...request, startedAt, until: "session" });
  const { preimage } = await client.getInvoice(land.payment_hash, { as: "owner" });
  return { ...toLandResult(paid, request), paymentHash: land.payment_hash, ...(preimage ? { preimage } : {}) };
}

async function landOverNostr(flow: PaymentFlow, nostr: NostrGatewayClient, request: LandRequest): Promise<LandResult> {
  const proofs = listenForProofs(nostr);
  try {
    const paid = await flow.followOverNostr(createLandIntent(request), request);
    const preimage = await proofs.find(paid.paymentHash ?? "", request.signal);
    return { ...toLandResult(paid, request), ...(preimage === undefined ? {} : { preimage }) };
  } finally {
    proofs.stop();
  }
}

/** Preimages as 31502 `land_completed` bring them. Relays are given the confirmation first, so the proof may come behind it. */
function listenForProofs(nostr: NostrGatewayClient) {
  const preimages = new Map<string, string>();
  let onProof: () => void = () => undefined;
  const stop = nostr.onNotification(({ type, payment_hash: paymentHash, preimage }) => {
    if (type !== "land_completed" || !paymentHash || !preimage) return;
    preimages.set(paymentHash, preimage);
    onProof();
  });
  return {
    stop,
    /** Waits a little for it; a notification may also be lost, and the land is paid all the same. */
    find: async (paymentHash: string, signal?: AbortSignal): Promise<string | undefined> => {
      const deadline = openDeadline(PROOF_WAIT_MS, signal);
      try {
        while (!preimages.has(paymentHash) && !deadline.signal.aborted) {
          await new Promise<void>((resolve) => {
            onProof = resolve;
            deadline.signal.addEventListener("abort", () => resolve(), { once: true });
          });
        }
      } finally {
        deadline.close();
      }
      return preimages.get(paymentHash);
    },
  };
}

function toLandResult(
  paid: { readonly txid: string; readonly sessionId: string; readonly actionId: string; readonly paymentHash?: string },
  request: LandRequest,
): LandResult {
  const { txid, sessionId, actionId, paymentHash } = paid;
  const fee = readLandFee(request);
  const feeSats = readLightningAmount(request).assetId === "gBTC" ? fee : 0;
  return { txid, sessionId, actionId, fee, feeSats, ...(paymentHash === undefined ? {} : { paymentHash }) };
}

async function waitForInvoice(client: GatewayClient, paymentHash: string, signal: AbortSignal): Promise<string> {
  const { bolt11_invoice: bolt11 } = await look(client, paymentHash, signal, (read) => Boolean(read.bolt11_invoice));
  return bolt11 ?? "";
}

async function waitForLift(client: GatewayClient, paymentHash: string, signal: AbortSignal) {
  const { txid } = await look(client, paymentHash, signal, (read) => LIFT_DONE.has(read.status));
  return txid ? { txid } : {};
}

type InvoiceRead = Awaited<ReturnType<GatewayClient["getInvoice"]>>;

/** Reads until it is so. Throws PaymentFailedError when the lift ended without it; what cannot be read now is read again. */
async function look(
  client: GatewayClient,
  paymentHash: string,
  signal: AbortSignal,
  isSo: (read: InvoiceRead) => boolean,
): Promise<InvoiceRead> {
  for (let waitMs = LOOK_FIRST_MS; ; waitMs = Math.min(waitMs * LOOK_GROWTH, LOOK_MS_MAX)) {
    const read = await readInvoice(client, paymentHash, signal);
    if (read !== undefined && isSo(read)) return read;
    if (read !== undefined && LIFT_FAILED.has(read.status)) {
      throw new PaymentFailedError(read.error_code ?? read.status, `the lift is ${read.status}`);
    }
    await delay(waitMs, signal);
  }
}

async function readInvoice(client: GatewayClient, paymentHash: string, signal: AbortSignal) {
  try {
    return await client.getInvoice(paymentHash, { signal });
  } catch (error) {
    if (error instanceof RetriableHttpError && !signal.aborted) return undefined;
    throw error;
  }
}

function toLiftInvoice(response: ServiceResponse31501): LiftInvoice {
  const { invoice, payment_hash, operation_id, session_id } = response;
  return {
    bolt11: textOf(invoice, "invoice"),
    paymentHash: textOf(payment_hash, "payment_hash"),
    operationId: textOf(operation_id, "operation_id"),
    sessionId: textOf(session_id, "session_id"),
  };
}

function textOf(value: unknown, field: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`the gateway's answer has no ${field}`);
}

function requireClient({ client }: { readonly client?: GatewayClient }): GatewayClient {
  if (client === undefined) throw new TypeError("this flow needs a NostrGatewayClient or a GatewayClient");
  return client;
}
