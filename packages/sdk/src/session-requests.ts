import { z } from "zod";

import { openDeadline } from "./deadline.js";
import type { Notification31502 } from "./event-schemas.js";
import { newId } from "./lightning-intents.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import { parseWith } from "./validation.js";

const progressSchema = z.looseObject({
  session_id: z.string(),
  session_status: z.string(),
  ceremony_state: z.string(),
  current_step: z.int().min(1),
  total_steps: z.int().min(1),
  progress_percent: z.int().min(0).max(100),
  started_at: z.string(),
  txid: z.string().optional(),
  error_code: z.int().optional(),
});
const challengeSchema = z.looseObject({
  session_id: z.string(),
  challenge_id: z.string().optional(),
  expires_at: z.string().optional(),
});

/** Where a session stands. What a 31502 does not tell is only in the first one, the answer itself. */
export interface SessionStatus {
  readonly sessionId: string;
  /** `completed`, `failed` and `expired` are the last ones. */
  readonly status: string;
  /** 1 to `totalSteps`. */
  readonly step: number;
  readonly totalSteps: number;
  /** 0 to 100. */
  readonly progressPercent: number;
  readonly ceremonyState?: string;
  /** ISO-8601. */
  readonly startedAt?: string;
  readonly txid?: string;
  /** Integer class of the gateway's error table. */
  readonly errorCode?: number;
}

export interface MonitorOptions {
  /** How long changes are told, at most 300; 0 = only where it stands now. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Answer to `request_challenge`; the challenge itself comes to `onChallenge`. */
export interface ChallengeRequested {
  readonly sessionId: string;
  /** Absent: it comes by itself, as soon as an earlier transfer of the wallet is final. */
  readonly challengeId?: string;
  readonly expiresAt?: string;
}

const TIMEOUT_SECONDS = 300;
/** How much later than the gateway's clock says the last update may come. */
const LATE_SECONDS = 10;
const LAST: ReadonlySet<string> = new Set(["completed", "failed", "expired"]);

/**
 * Where one of this wallet's sessions stands, then every change of it, until it has ended or the time is over (31500
 * `monitor_status`). Updates may get lost on the way, like all 31502: the result of an intent is `waitForResult`'s to tell. Throws
 * ServiceRequestError for a session that is not this wallet's, and the signal's reason when it aborts.
 */
export async function* monitorStatus(
  nostr: Pick<NostrGatewayClient, "request" | "onNotification">,
  sessionId: string,
  options: MonitorOptions = {},
): AsyncGenerator<SessionStatus, void, undefined> {
  const { timeoutSeconds = TIMEOUT_SECONDS, signal } = options;
  const requestId = newId("monitor");
  const deadline = openDeadline((timeoutSeconds + LATE_SECONDS) * 1000, signal);
  const updates = new UpdateQueue(deadline.signal);
  // Before the request, or the first change could be missed.
  const stop = nostr.onNotification((notification) => {
    if (notification.request_id === requestId) updates.push(notification);
  });
  try {
    const fields = { session_id: sessionId, timeout: timeoutSeconds };
    const { response } = await nostr.request("monitor_status", fields, { requestId, signal: deadline.signal });
    let shown: SessionStatus | undefined = toStatus(parseWith(progressSchema, response, "monitor_status"));
    while (shown !== undefined) {
      yield shown;
      if (LAST.has(shown.status) || timeoutSeconds === 0) return;
      shown = await updates.next();
    }
    signal?.throwIfAborted();
  } finally {
    stop();
    deadline.close();
  }
}

/**
 * Asks for the challenge of a session of this wallet: the open one is sent again, or a new one is prepared when challenge 1 has expired
 * (31500 `request_challenge`). Throws ServiceRequestError when the session takes none any more.
 */
export async function requestChallenge(
  nostr: Pick<NostrGatewayClient, "request">,
  sessionId: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ChallengeRequested> {
  const { response } = await nostr.request("request_challenge", { session_id: sessionId }, options);
  const { challenge_id: challengeId, expires_at: expiresAt } = parseWith(
    challengeSchema,
    response,
    "request_challenge",
  );
  return {
    sessionId,
    ...(challengeId === undefined ? {} : { challengeId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** Updates of one watch in their order. Several relays bring each of them, and one that lags brings it late. */
class UpdateQueue {
  readonly #signal: AbortSignal;
  readonly #waiting: SessionStatus[] = [];
  #lastSeq = 0;
  #notify: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#notify(), { once: true });
  }

  push(notification: Notification31502): void {
    const seq = Number(notification.notification_id.split(":").at(-1));
    const update = toUpdate(notification);
    if (update === undefined || !(seq > this.#lastSeq)) return;
    this.#lastSeq = seq;
    this.#waiting.push(update);
    this.#notify();
  }

  /** undefined when the time is over. */
  async next(): Promise<SessionStatus | undefined> {
    if (this.#waiting.length === 0 && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
    return this.#waiting.shift();
  }
}

const updateSchema = z.looseObject({
  type: z.literal("status_update"),
  session_id: z.string(),
  /** Of a status_update: the session's status. */
  message: z.string(),
  step: z.int().min(1),
  total_steps: z.int().min(1),
  progress_percent: z.int().min(0).max(100),
  error_code: z.int().optional(),
});

function toUpdate(notification: Notification31502): SessionStatus | undefined {
  const { data } = updateSchema.safeParse(notification);
  if (data === undefined) return undefined;
  return {
    sessionId: data.session_id,
    status: data.message,
    step: data.step,
    totalSteps: data.total_steps,
    progressPercent: data.progress_percent,
    ...(data.error_code === undefined ? {} : { errorCode: data.error_code }),
  };
}

function toStatus(shown: z.infer<typeof progressSchema>): SessionStatus {
  return {
    sessionId: shown.session_id,
    status: shown.session_status,
    step: shown.current_step,
    totalSteps: shown.total_steps,
    progressPercent: shown.progress_percent,
    ceremonyState: shown.ceremony_state,
    startedAt: shown.started_at,
    ...(shown.txid === undefined ? {} : { txid: shown.txid }),
    ...(shown.error_code === undefined ? {} : { errorCode: shown.error_code }),
  };
}
