import { type ErrorCode, nostrCode } from "../errors";
import type { Clock } from "../ports/clock";
import type { GatewayIdentity, NostrOutbox, NostrPeers } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import { nextCreatedAt, notificationTemplate, signPrivateEvent } from "./build-events";
import { NOTIFICATION_KIND } from "./kinds";
import { NOTIFICATION_SEQUENCE, type NotificationContent, type NotificationType } from "./notification-content";

export interface NotifyDeps {
  readonly clock: Clock;
  readonly identity: GatewayIdentity | undefined;
  readonly outbox: NostrOutbox;
  readonly peers: NostrPeers;
}

export interface Notification {
  /** Whose news it is: its user is told, and the event refers to what the user sent. */
  readonly session: Pick<Session, "sessionId" | "userPubkey" | "delivery" | "intentEventId" | "context">;
  readonly type: Exclude<NotificationType, "status_update" | "vtxo_expiring">;
  /** operation_id of the lift or land; `d` is `<subjectId>:<place of the type in its sequence>`. */
  readonly subjectId: string;
  readonly assetId?: string;
  /** Base units of the asset. */
  readonly amount?: bigint;
  readonly vtxoId?: string;
  readonly paymentHash?: string;
  readonly preimage?: string;
  readonly message?: string;
  readonly errorCode?: ErrorCode;
}

/**
 * Puts a 31502 into the outbox, in the transaction of what it tells. Nothing when the session only uses HTTP or no Nostr key is
 * configured. Telling the same again replaces the event at relays, so a repeat does no harm.
 */
export async function notifyUser(deps: NotifyDeps, tx: Tx, notification: Notification): Promise<void> {
  const { identity } = deps;
  const { session, subjectId, type } = notification;
  if (identity === undefined || session.delivery === "http") return;
  const dTag = `${subjectId}:${NOTIFICATION_SEQUENCE[type]}`;
  await publishNotification(deps, tx, {
    content: notificationContent(notification, dTag, identity.pubkey, deps.clock.now()),
    userPubkey: session.userPubkey,
    refEventId: session.intentEventId ?? requestOf(session)?.eventId,
    subjectId,
  });
}

export interface BuiltNotification {
  /** Its `notification_id` is the `d`. */
  readonly content: NotificationContent;
  readonly userPubkey: string;
  /** The 31500 or 31510 it is about, when there is one. */
  readonly refEventId: string | undefined;
  readonly subjectId: string;
}

/** Signs a 31502 and puts it into the outbox. Nothing without a Nostr key. */
export async function publishNotification(deps: NotifyDeps, tx: Tx, built: BuiltNotification): Promise<void> {
  const { identity } = deps;
  const { content, userPubkey, refEventId, subjectId } = built;
  if (identity === undefined) return;
  const dTag = content.notification_id;
  const lastCreatedAt = await deps.outbox.findLastCreatedAt(tx, NOTIFICATION_KIND, dTag);
  const template = notificationTemplate({
    content,
    dTag,
    userPubkey,
    refEventId,
    createdAt: nextCreatedAt(deps.clock.now(), lastCreatedAt),
  });
  const scheme = await deps.peers.findScheme(userPubkey);
  await deps.outbox.insert(tx, signPrivateEvent(identity, scheme, template), subjectId);
}

/** The 31500 that opened a session, as the session's context keeps it. */
export interface SessionRequest {
  readonly requestId: string;
  readonly eventId: string;
}

export function requestContext(request: SessionRequest): Readonly<Record<string, unknown>> {
  return { request: { request_id: request.requestId, event_id: request.eventId } };
}

/** undefined = no service request opened the session. */
export function requestOf(session: Pick<Session, "context">): SessionRequest | undefined {
  const request = session.context["request"];
  if (typeof request !== "object" || request === null || !("request_id" in request) || !("event_id" in request)) {
    return undefined;
  }
  return { requestId: String(request.request_id), eventId: String(request.event_id) };
}

function notificationContent(
  notification: Notification,
  notificationId: string,
  gatewayPubkey: string,
  now: Date,
): NotificationContent {
  const { session, type, message, vtxoId, amount, assetId, paymentHash, preimage, errorCode } = notification;
  const request = requestOf(session);
  return {
    notification_id: notificationId,
    type,
    timestamp: now.toISOString(),
    gateway_pubkey: gatewayPubkey,
    ...(request === undefined ? {} : { request_id: request.requestId }),
    session_id: session.sessionId,
    ...(message === undefined ? {} : { message }),
    ...(vtxoId === undefined ? {} : { vtxo_id: vtxoId }),
    ...(amount === undefined ? {} : { amount: Number(amount) }),
    ...(assetId === undefined ? {} : { asset_id: assetId }),
    ...(paymentHash === undefined ? {} : { payment_hash: paymentHash }),
    ...(preimage === undefined ? {} : { preimage }),
    ...(errorCode === undefined ? {} : { error_code: nostrCode(errorCode) }),
  };
}
