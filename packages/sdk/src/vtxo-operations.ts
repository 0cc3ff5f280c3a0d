import { endOf } from "./ceremony.js";
import type { GatewayClient } from "./gateway-client.js";
import type { IntentContent } from "./payloads.js";
import { PaymentFlow, type PaymentFlowOptions, type PaymentResult, type WaitOptions } from "./payment-flow.js";
import type { CeremonyStatus } from "./response-schemas.js";
import {
  createMultiTransferIntent,
  createOptimalChangeIntent,
  createSplitIntent,
  type MultiTransferIntentRequest,
  type OptimalChangeIntentRequest,
  type SplitIntentRequest,
} from "./vtxo-intents.js";

export {
  createMultiTransferIntent,
  createOptimalChangeIntent,
  createSplitIntent,
  type MultiTransferIntentRequest,
  type OptimalChangeIntentRequest,
  type SplitIntentRequest,
} from "./vtxo-intents.js";
export { type Combination, type CombinationOptions, findOptimalCombination } from "./find-optimal-combination.js";

/** Splits one of the wallet's VTXOs: states it, verifies and answers its challenges, and waits for its end. Throws as PaymentFlow. */
export function executeSplitFlow(
  options: PaymentFlowOptions,
  request: SplitIntentRequest & WaitOptions,
): Promise<PaymentResult> {
  return execute(options, "vtxo_split", createSplitIntent(request), request);
}

/** Pays out of many VTXOs by a strategy. Throws as PaymentFlow. */
export function executeMultiVtxoFlow(
  options: PaymentFlowOptions,
  request: MultiTransferIntentRequest & WaitOptions,
): Promise<PaymentResult> {
  return execute(options, "vtxo_multi_transfer", createMultiTransferIntent(request), request);
}

/** Pays with an eye on the change that is left. Throws as PaymentFlow. */
export function executeOptimalChangeFlow(
  options: PaymentFlowOptions,
  request: OptimalChangeIntentRequest & WaitOptions,
): Promise<PaymentResult> {
  return execute(options, "optimal_change", createOptimalChangeIntent(request), request);
}

/** Over Nostr when there is a `nostr`, else over HTTP. */
function execute(
  options: PaymentFlowOptions,
  sessionType: string,
  intent: IntentContent,
  { timeoutMs, signal }: WaitOptions,
): Promise<PaymentResult> {
  const flow = new PaymentFlow(options);
  const wait = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
  return options.nostr === undefined
    ? flow.executeOverHttp(sessionType, intent, wait)
    : flow.followOverNostr(intent, wait);
}

/**
 * Where a session stands, then every change of it until it has ended or `signal` fires, over HTTP (`monitorStatus` does so over Nostr).
 * Throws NotFoundError for a session that is not the caller's.
 */
export async function* monitorSession(
  client: Pick<GatewayClient, "getCeremonyStatus" | "streamSession">,
  sessionId: string,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<CeremonyStatus, void, undefined> {
  let shown = await client.getCeremonyStatus(sessionId);
  yield shown;
  if (endOf(shown.session_status) !== undefined) return;
  for await (const _event of client.streamSession(sessionId, signal)) {
    const status = await client.getCeremonyStatus(sessionId);
    const hasMoved = status.session_status !== shown.session_status || status.state !== shown.state;
    if (hasMoved) yield status;
    shown = status;
    if (endOf(status.session_status) !== undefined) return;
  }
}
