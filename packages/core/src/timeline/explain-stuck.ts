import type { OpenJob, OpenPayment, OpenPayout, OpenSession, OpenWork, Undelivered } from "../ports/timeline-store";

/** The sweeper wakes what nobody has woken within seconds; what has been due for longer has no worker. */
const OVERDUE_MS = 30_000;

/**
 * Why something goes on no further, in one sentence; undefined = it is over, or moves. Money whose outcome is not known comes before
 * what merely waits, and what people have to do before what the gateway does by itself.
 */
export function explainStuck(work: OpenWork, now: Date): string | undefined {
  const reasons = [
    ...work.payments.filter(({ unknownSince }) => unknownSince !== undefined).map((each) => explainPayment(each, now)),
    ...work.sessions.map((each) => explainSession(each, now)),
    ...work.payments.map((each) => explainPayment(each, now)),
    ...work.payouts.map((each) => explainPayout(each, now)),
    ...work.jobs.map((each) => explainJob(each, now)),
    ...work.undelivered.map(explainUndelivered),
  ];
  return reasons.find((reason) => reason !== undefined);
}

function explainSession(session: OpenSession, now: Date): string | undefined {
  const { sessionId, status, ceremonyState, challenge, isPrepared } = session;
  const of = `Session ${sessionId}`;
  const late = explainOverdue(of, session, now);
  if (late !== undefined) return late;
  switch (ceremonyState) {
    case "intent_received":
      return isPrepared
        ? `${of} is being prepared: it waits for its turn, for its VTXOs, or for a co-input of the gateway.`
        : `${of} waits to be started (POST /signing/ceremony/start) or challenged.`;
    case "ark_tx_prepared":
      return challenge === undefined
        ? `${of} has no open challenge; a new one can be requested.`
        : `${of} waits for its signer to answer challenge ${challenge.challengeId} until ${challenge.expiresAt.toISOString()}.`;
    case "submitting":
      return `${of} was handed to arkd, whose answer is not known yet; its inputs are being looked at.`;
    case "accepted":
      return `${of} was accepted by arkd and waits for its signer's checkpoint signatures; they are asked for again by themselves.`;
    case "checkpoint_sigs_collected":
    case "finalizing":
      return `${of} waits for arkd to finalise its transaction.`;
    // Final at arkd: a lift or land goes on with its payment.
    case "finalized":
    case "published":
      return undefined;
    default:
      return `${of} is ${status} (${ceremonyState}).`;
  }
}

function explainPayment(payment: OpenPayment, now: Date): string | undefined {
  const { operationId, type, status, expiresAt, unknownSince, lastError } = payment;
  const of = `The ${type} ${operationId}`;
  const why = lastError === undefined ? "" : ` Last error: ${lastError}.`;
  if (unknownSince !== undefined) {
    return `${of} has had no known outcome since ${unknownSince.toISOString()}; it is looked up, and nothing is sent.${why}`;
  }
  const late = explainOverdue(of, payment, now);
  if (late !== undefined) return late;
  switch (status) {
    case "pending":
      return `${of} waits for its invoice to be paid until ${expiresAt.toISOString()}.${why}`;
    case "in_flight":
      return `${of} is being paid by lnd.${why}`;
    case "pending_payment":
      return undefined;
    default:
      return `${of} is ${status}.${why}`;
  }
}

function explainPayout(payout: OpenPayout, now: Date): string | undefined {
  const of = `The payout ${payout.key}`;
  return explainOverdue(of, payout, now) ?? `${of} is ${payout.status} at arkd.`;
}

function explainJob(job: OpenJob, now: Date): string | undefined {
  const { jobId, status, attempts, errorCode, message, nextAt } = job;
  const of = `Job ${jobId}`;
  if (status === "failed") return `${of} has failed after ${attempts} tries: ${errorCode ?? "unknown"}.`;
  const late = explainOverdue(of, job, now);
  if (late !== undefined) return late;
  if (status === "running") return undefined;
  const then = nextAt === undefined ? "" : ` until ${nextAt.toISOString()}`;
  if (errorCode !== undefined) return `${of} waits${then} to be tried again after ${errorCode} (try ${attempts}).`;
  return message === undefined ? undefined : `${of} waits${then}: ${message}.`;
}

function explainUndelivered({ eventId, relay, status, lastError }: Undelivered): string {
  const why = lastError === undefined ? "" : `: ${lastError}`;
  return `Event ${eventId} is ${status === "parked" ? "given up" : "not acknowledged"} at ${relay}${why}.`;
}

function explainOverdue(
  of: string,
  { nextAt, leaseUntil }: { readonly nextAt: Date | undefined; readonly leaseUntil: Date | undefined },
  now: Date,
): string | undefined {
  if (leaseUntil !== undefined) {
    return leaseUntil < now ? `${of} was with a worker that is gone; the sweeper gives it to another one.` : undefined;
  }
  if (nextAt === undefined || now.getTime() - nextAt.getTime() < OVERDUE_MS) return undefined;
  return `${of} has been due since ${nextAt.toISOString()} and no worker takes it.`;
}
