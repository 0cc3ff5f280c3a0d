/**
 * The front door of the published package: `import { GatewayClient } from "@arkrelay/sdk"`. Each module is also a door
 * of its own (`@arkrelay/sdk/gateway-client`), so that a bundle can take only what it uses.
 */
export {
  type AccountBalances,
  type AccountState,
  pinLandScript,
  queryBalances,
  syncAllState,
  syncState,
  type SyncStateOptions,
} from "./account.js";
export { pinAssets } from "./pin-assets.js";
export { arkAddress, defaultVtxoScript, type WalletPins, vtxoScriptHex } from "./ark-script.js";
export { fetchPins, fetchVtxoView, type IndexerOptions } from "./ark-indexer.js";
export { type CeremonyOutcome, waitForCeremony, type WaitForCeremonyOptions } from "./ceremony.js";
export { decryptDm, decryptNip04, decryptNip44, encryptNip04, encryptNip44 } from "./encryption.js";
export {
  AuthError,
  CeremonyTimeoutError,
  ConflictError,
  type FieldError,
  GatewayClientError,
  NotFoundError,
  OutcomeUnknownError,
  PaymentFailedError,
  RateLimitedError,
  RetriableHttpError,
  RetryExceededError,
  SchemaValidationError,
  ServiceRequestError,
  UnavailableError,
  VerificationError,
  type VerificationReason,
} from "./errors.js";
export type {
  Challenge31511,
  Confirmation31340,
  Failure31341,
  Intent31510,
  Notification31502,
  ServiceResponse31501,
} from "./event-schemas.js";
export {
  type CallAs,
  type CallOptions,
  type CreateSessionOptions,
  GatewayClient,
  type GatewayClientOptions,
  type RespondOptions,
  type StreamEvent,
} from "./gateway-client.js";
export { createRenewIntent, executeRenewFlow, renew, type RenewAnswer, type RenewRequest } from "./renewal.js";
export {
  createLandIntent,
  createLiftIntent,
  executeLandFlow,
  executeLiftFlow,
  type LandIntentRequest,
  type LandRequest,
  type LandResult,
  landFeeSats,
  type LiftFlowOptions,
  type LiftIntentRequest,
  type LiftInvoice,
  type LiftRequest,
  type LiftResult,
} from "./lightning-operations.js";
export type { EventDraft, NostrEvent } from "./nostr-event.js";
export { type IntentResult, type NostrClientOptions, NostrGatewayClient } from "./nostr-client.js";
export {
  computeEventId,
  hexToNpub,
  nip98Header,
  npubToHex,
  signEvent,
  toPubkeyHex,
  verifyEvent,
} from "./nostr-utils.js";
export {
  type Allocation,
  buildIntent31510,
  buildResponse31512,
  buildServiceRequest31500,
  buildSubmitBatch,
  canonicalJson,
  type IntentContent,
  type ItemSignature,
  makeIntentDigest,
  payloadRef,
  type Response31512,
  resultSubject,
  sessionIdOfIntent,
  sha256Hex,
  taggedHash,
} from "./payloads.js";
export {
  type AnsweredEntry,
  type AnsweredStore,
  PaymentFlow,
  type PaymentFlowOptions,
  type PaymentRequest,
  type PaymentResult,
  type PaymentStep,
  type WaitOptions,
} from "./payment-flow.js";
export type { WebSocketConstructor } from "./relay-connection.js";
export type {
  AssetInfo,
  Balances,
  CeremonyStatus,
  FeeEstimate,
  Job,
  Land,
  Lift,
  LightningInvoice,
  Session,
  SettlementProof,
  TransferResult,
} from "./response-schemas.js";
export type { NewWebhook, WebhookChange, WebhookReplay } from "./http/webhook-calls.js";
export { type RetryOptions, withRetryAsync } from "./retry.js";
export { secretKeySigner } from "./secret-key-signer.js";
export {
  type ChallengeRequested,
  monitorStatus,
  type MonitorOptions,
  requestChallenge,
  type SessionStatus,
} from "./session-requests.js";
export { verifySettlementProof } from "./settlement-proof.js";
export type { Signer } from "./signer.js";
export {
  type BatchSubmission,
  createSwapIntent,
  submitBatch,
  type SubmittedBatch,
  type SwapIntentRequest,
  type SwapLeg,
} from "./swap-flows.js";
export {
  type DetailedVerdict,
  validate31340,
  validate31340Detailed,
  validate31341,
  validate31341Detailed,
  validate31342,
  validate31342Detailed,
  validate31501,
  validate31501Detailed,
  validate31502,
  validate31502Detailed,
  validate31510,
  validate31510Detailed,
  validate31511,
  validate31511Detailed,
  validate31512,
  validate31512Detailed,
} from "./validation.js";
export { bip340SignDigest, generateKey, signData, signMessage } from "./wallet-utils.js";
export {
  type AcceptedIntent,
  acceptIntentAndIssueChallenge,
  type IntentFilter,
  type IssuedChallenge,
  type ReceivedIntent,
  startAndWaitCeremony,
  subscribeIntents,
  type SubscribeOptions,
} from "./solver-flows.js";
export {
  type Combination,
  type CombinationOptions,
  createMultiTransferIntent,
  createOptimalChangeIntent,
  createSplitIntent,
  executeMultiVtxoFlow,
  executeOptimalChangeFlow,
  executeSplitFlow,
  findOptimalCombination,
  monitorSession,
  type MultiTransferIntentRequest,
  type OptimalChangeIntentRequest,
  type SplitIntentRequest,
} from "./vtxo-operations.js";
export {
  type AnsweredChallenge,
  type ApprovedIntent,
  type OwnVtxo,
  type ReceivedChallenge,
  signChallenge,
  type SwapSummary,
  type VerifiedChallenge,
  verifyChallenge,
  type VerifyOptions,
  type VtxoView,
} from "./wallet-verifier.js";
export { verifyWebhook, type VerifyWebhookOptions, type WebhookEvent, type WebhookHeaders } from "./webhooks.js";
