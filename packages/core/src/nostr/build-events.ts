import { type AppError, type ErrorCode, ERRORS, nostrCode } from "../errors";
import type { DmScheme, GatewayIdentity, NostrEvent, NostrEventTemplate } from "../ports/nostr";
import type { ChallengeContent } from "./challenge-content";
import { CHALLENGE_KIND, CONFIRMATION_KIND, FAILURE_KIND, NOTIFICATION_KIND, SERVICE_RESPONSE_KIND } from "./kinds";
import type { NotificationContent } from "./notification-content";
import type { ConfirmationContent, FailureContent } from "./result-content";
import { resultId } from "./result-id";
import type { ServiceResponseContent } from "./service-response";

/** An encrypted event for one peer, before its plain text is sealed. */
export interface PrivateTemplate extends Omit<NostrEventTemplate, "content"> {
  readonly peerPubkey: string;
  readonly plainText: string;
}

/** Encrypts and signs. Call it once per event and keep the result: another encryption of the same text is another event. */
export function signPrivateEvent(identity: GatewayIdentity, scheme: DmScheme, template: PrivateTemplate): NostrEvent {
  const { peerPubkey, plainText, ...rest } = template;
  return identity.sign({ ...rest, content: identity.encrypt(peerPubkey, plainText, scheme) });
}

/**
 * created_at (unix seconds) of an event whose `d` may have been used before: a relay keeps the newest, and of two from one
 * second it may keep either, so a replacement is always one second newer.
 */
export function nextCreatedAt(now: Date, lastCreatedAt: number | undefined): number {
  const seconds = Math.floor(now.getTime() / 1000);
  return lastCreatedAt === undefined ? seconds : Math.max(seconds, lastCreatedAt + 1);
}

export interface ChallengeEventInput {
  readonly content: ChallengeContent;
  readonly signerPubkey: string;
  /** The 31510, when the session has one. */
  readonly intentEventId: string | undefined;
  readonly createdAt: number;
}

/** `d` of a challenge and of its answer. */
export function challengeDTag(sessionId: string, stepIndex: number): string {
  return `${sessionId}:${stepIndex}`;
}

/** 31511: tags p (signer), e (intent), expiration, d. */
export function challengeTemplate(input: ChallengeEventInput): PrivateTemplate {
  const { content, signerPubkey, intentEventId, createdAt } = input;
  return {
    kind: CHALLENGE_KIND,
    created_at: createdAt,
    tags: [
      ["d", challengeDTag(content.session_id, content.step_index)],
      ["p", signerPubkey],
      ...(intentEventId === undefined ? [] : [["e", intentEventId]]),
      ["expiration", String(Math.floor(Date.parse(content.expires_at) / 1000))],
    ],
    peerPubkey: signerPubkey,
    plainText: JSON.stringify(content),
  };
}

export interface ConfirmationEventInput {
  readonly content: ConfirmationContent;
  /** Who wrote the intent: part of the `d`. */
  readonly authorPubkey: string;
  /** The action_id, with its namespace when the owner did not prove the session (namespacedActionId). */
  readonly refId: string;
  /** Every 31510 this settles. */
  readonly intentEventIds: readonly string[];
  /** Every receiver of a VTXO. */
  readonly recipientPubkeys: readonly string[];
  readonly createdAt: number;
}

/** 31340, public: tags d = D(action_id), e (intents), p (receivers). */
export function confirmationTemplate(input: ConfirmationEventInput): NostrEventTemplate {
  return {
    kind: CONFIRMATION_KIND,
    created_at: input.createdAt,
    tags: [
      ["d", resultId(input.authorPubkey, input.refId)],
      ...input.intentEventIds.map((id) => ["e", id]),
      ...[...new Set(input.recipientPubkeys)].map((pubkey) => ["p", pubkey]),
    ],
    content: JSON.stringify(input.content),
  };
}

export interface FailureEventInput {
  readonly authorPubkey: string;
  /** As signed; shown in the content. */
  readonly actionId: string;
  /** The action_id, with its namespace when the owner did not prove the session. */
  readonly refId: string;
  readonly error: AppError;
  readonly intentEventId: string | undefined;
  /** Of the content, ISO-8601 UTC with milliseconds. */
  readonly timestamp: string;
  readonly createdAt: number;
}

/** Codes of notices that are not the action's outcome. */
const NOTICE_CODES: ReadonlySet<ErrorCode> = new Set(["duplicate_action", "rate_limited"]);

/** `d` of a 31341. A notice about one event has a `d` of its own, so that the action's result survives at relays. */
export function failureDTag(
  input: Pick<FailureEventInput, "authorPubkey" | "refId" | "error" | "intentEventId">,
): string {
  const id = resultId(input.authorPubkey, input.refId);
  const isNotice = NOTICE_CODES.has(input.error.code) && input.intentEventId !== undefined;
  return isNotice ? `${id}:${input.intentEventId}` : id;
}

/** 31341: tags d, p (author), e (intent). The code is inside the encrypted content, never in a tag. */
export function failureTemplate(input: FailureEventInput): PrivateTemplate {
  return {
    kind: FAILURE_KIND,
    created_at: input.createdAt,
    tags: [
      ["d", failureDTag(input)],
      ["p", input.authorPubkey],
      ...(input.intentEventId === undefined ? [] : [["e", input.intentEventId]]),
    ],
    peerPubkey: input.authorPubkey,
    plainText: JSON.stringify(failureContent(input)),
  };
}

/** The content of a 31341 for an error of ours: fixed message, integer class, text code and what the table lists as details. */
export function failureContent(input: Pick<FailureEventInput, "actionId" | "error" | "timestamp">): FailureContent {
  const { error, actionId, timestamp } = input;
  const errors = error.errors.length === 0 ? {} : { errors: error.errors };
  return {
    status: "failure",
    ref_action_id: actionId,
    code: nostrCode(error.code),
    message: ERRORS[error.code].title,
    details: { ...error.details, ...errors, code: error.code },
    timestamp,
  };
}

export interface NotificationEventInput {
  readonly content: NotificationContent;
  readonly dTag: string;
  readonly userPubkey: string;
  /** The 31500 or 31510 it is about, when there is one. */
  readonly refEventId: string | undefined;
  readonly createdAt: number;
}

/** 31502: tags d, p (user), e (request or intent), type. */
export function notificationTemplate(input: NotificationEventInput): PrivateTemplate {
  const { content, dTag, userPubkey, refEventId, createdAt } = input;
  return {
    kind: NOTIFICATION_KIND,
    created_at: createdAt,
    tags: [
      ["d", dTag],
      ["p", userPubkey],
      ...(refEventId === undefined ? [] : [["e", refEventId]]),
      ["type", content.type],
    ],
    peerPubkey: userPubkey,
    plainText: JSON.stringify(content),
  };
}

export interface ServiceResponseEventInput {
  readonly content: ServiceResponseContent;
  readonly dTag: string;
  readonly userPubkey: string;
  readonly requestEventId: string;
  readonly createdAt: number;
}

/** 31501: tags d, p (user), e (the 31500). */
export function serviceResponseTemplate(input: ServiceResponseEventInput): PrivateTemplate {
  const { content, dTag, userPubkey, requestEventId, createdAt } = input;
  return {
    kind: SERVICE_RESPONSE_KIND,
    created_at: createdAt,
    tags: [
      ["d", dTag],
      ["p", userPubkey],
      ["e", requestEventId],
    ],
    peerPubkey: userPubkey,
    plainText: JSON.stringify(content),
  };
}
