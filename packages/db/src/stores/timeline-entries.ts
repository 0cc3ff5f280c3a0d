import { POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import type { TimelineAnchors } from "@arkrelay/core/ports/timeline-store";

import type { SqlParam } from "../sql-handle";
import { placeholders } from "./job-work-tables";

/** A statement of the columns at, source, what, ref, duration_ms, outcome; without its LIMIT. */
export interface EntrySource {
  readonly text: string;
  readonly values: readonly SqlParam[];
}

const KINDS = Object.values(POSTING_KINDS);
const between = (from: string, to: string) => `TIMESTAMPDIFF(MICROSECOND, ${from}, ${to}) DIV 1000`;

/** One statement per kind of row; what nothing was found of is not asked. */
export function timelineSources(anchors: TimelineAnchors): readonly EntrySource[] {
  const { names, sessionRowIds, jobRowIds, payoutIds, objectKeys } = anchors;
  return [
    ...(sessionRowIds.length === 0 ? [] : ofSessions(sessionRowIds)),
    ...(jobRowIds.length === 0 ? [] : ofJobs(jobRowIds)),
    ...(payoutIds.length === 0 ? [] : ofPayouts(payoutIds)),
    ...(objectKeys.length === 0 ? [] : [ofWebhooks(objectKeys)]),
    ...ofNames(names),
  ];
}

function ofSessions(ids: readonly bigint[]): readonly EntrySource[] {
  const list = placeholders(ids);
  return [
    {
      text: `SELECT e.at, IF(e.event = 'opened', IF(i.event_id IS NULL, 'http', 'nostr'), 'job') AS source,
          CASE e.event WHEN 'opened' THEN CONCAT('session opened: ', s.session_type)
            WHEN 'status' THEN CONCAT('session is ', JSON_VALUE(e.data, '$.status'), ', ceremony ', JSON_VALUE(e.data, '$.ceremony_state'))
            ELSE CONCAT('session: ', e.event) END AS what,
          s.session_id AS ref, NULL AS duration_ms,
          COALESCE(JSON_VALUE(e.data, '$.error_code'), JSON_VALUE(e.data, '$.status')) AS outcome
        FROM session_events e JOIN signing_sessions s ON s.id = e.session_id LEFT JOIN intents i ON i.id = s.intent_id
        WHERE e.session_id IN (${list}) ORDER BY e.session_id, e.seq`,
      values: ids,
    },
    {
      text: `SELECT created_at AS at, 'job' AS source, CONCAT('challenge issued: ', stage) AS what, challenge_id AS ref,
          NULL AS duration_ms, status AS outcome FROM signing_challenges WHERE session_id IN (${list}) ORDER BY id`,
      values: ids,
    },
    {
      text: `SELECT answered_at AS at, IF(response_event_id IS NULL, 'http', 'nostr') AS source, CONCAT('challenge answered: ', stage) AS what,
          challenge_id AS ref, ${between("created_at", "answered_at")} AS duration_ms, status AS outcome
        FROM signing_challenges WHERE session_id IN (${list}) AND answered_at IS NOT NULL ORDER BY id`,
      values: ids,
    },
  ];
}

function ofJobs(ids: readonly bigint[]): readonly EntrySource[] {
  const list = placeholders(ids);
  return [
    {
      text: `SELECT created_at AS at, IF(request_id IS NULL, 'job', 'http') AS source, CONCAT('job inserted: ', job_type) AS what,
          job_id AS ref, NULL AS duration_ms, NULL AS outcome FROM job_logs WHERE id IN (${list}) ORDER BY id`,
      values: ids,
    },
    {
      text: `SELECT a.finished_at AS at, 'job' AS source, CONCAT(j.job_type, ', attempt ', a.attempt) AS what, j.job_id AS ref,
          ${between("a.started_at", "a.finished_at")} AS duration_ms, COALESCE(a.error_code, a.outcome) AS outcome
        FROM job_attempts a JOIN job_logs j ON j.id = a.job_id WHERE a.job_id IN (${list}) ORDER BY a.id`,
      values: ids,
    },
    {
      text: `SELECT e.at, 'job' AS source, CONCAT('progress: ', COALESCE(JSON_VALUE(e.data, '$.message'), '')) AS what, j.job_id AS ref,
          NULL AS duration_ms, CONCAT(JSON_VALUE(e.data, '$.percent'), ' %') AS outcome
        FROM job_events e JOIN job_logs j ON j.id = e.job_id WHERE e.job_id IN (${list}) ORDER BY e.id`,
      values: ids,
    },
    {
      text: `SELECT finished_at AS at, 'job' AS source, CONCAT('job ended: ', job_type) AS what, job_id AS ref,
          ${between("started_at", "finished_at")} AS duration_ms, COALESCE(error_code, status) AS outcome
        FROM job_logs WHERE id IN (${list}) AND finished_at IS NOT NULL ORDER BY id`,
      values: ids,
    },
  ];
}

function ofPayouts(ids: readonly bigint[]): readonly EntrySource[] {
  const list = placeholders(ids);
  return [
    {
      text: `SELECT created_at AS at, 'job' AS source, CONCAT('payout planned: ', kind) AS what, business_id AS ref, NULL AS duration_ms,
          status AS outcome FROM payouts WHERE id IN (${list}) ORDER BY id`,
      values: ids,
    },
    {
      text: `SELECT last_sent_at AS at, 'daemon' AS source, CONCAT('arkd SubmitTx of a payout, attempt ', attempt) AS what, txid AS ref,
          NULL AS duration_ms, outcome FROM payout_attempts WHERE payout_id IN (${list}) AND last_sent_at IS NOT NULL ORDER BY id`,
      values: ids,
    },
  ];
}

function ofWebhooks(objectKeys: readonly string[]): EntrySource {
  return {
    text: `SELECT created_at AS at, 'webhook' AS source, event_type AS what, delivery_id AS ref,
        ${between("created_at", "finished_at")} AS duration_ms, status AS outcome
      FROM webhook_deliveries WHERE object_key IN (${placeholders(objectKeys)}) ORDER BY id`,
    values: objectKeys,
  };
}

/** Rows that carry one of the ids themselves. */
function ofNames(names: readonly string[]): readonly EntrySource[] {
  const list = placeholders(names);
  return [
    {
      text: `SELECT at, 'http' AS source, CONCAT('operator: ', action) AS what, COALESCE(target, request_id) AS ref, NULL AS duration_ms, outcome
        FROM audit_log WHERE request_id IN (${list}) ORDER BY id`,
      values: names,
    },
    {
      text: `SELECT received_at AS at, 'nostr' AS source, CONCAT('event of kind ', kind, ' received') AS what, event_id AS ref,
          ${between("received_at", "processed_at")} AS duration_ms, COALESCE(error_code, status) AS outcome
        FROM nostr_events WHERE event_id IN (${list}) ORDER BY id`,
      values: names,
    },
    ...["subject", "event_id"].map((column) => ({
      text: `SELECT created_at AS at, 'nostr' AS source, CONCAT('event of kind ', kind, ' for ', relay) AS what, event_id AS ref,
          ${between("created_at", "acked_at")} AS duration_ms, IF(status = 'done', status, COALESCE(last_error, status)) AS outcome
        FROM nostr_outbox WHERE ${column} IN (${list}) ${column === "event_id" ? `AND subject NOT IN (${list})` : ""} ORDER BY id`,
      values: column === "event_id" ? [...names, ...names] : names,
    })),
    {
      text: `SELECT created_at AS at, 'job' AS source, CONCAT('transaction planned: ', tx_type) AS what, txid AS ref, NULL AS duration_ms,
          COALESCE(error_code, status) AS outcome FROM transactions WHERE txid IN (${list}) ORDER BY id`,
      values: names,
    },
    {
      text: `SELECT confirmed_at AS at, 'daemon' AS source, CONCAT('arkd has it final: ', tx_type) AS what, txid AS ref,
          ${between("created_at", "confirmed_at")} AS duration_ms, status AS outcome
        FROM transactions WHERE txid IN (${list}) AND confirmed_at IS NOT NULL ORDER BY id`,
      values: names,
    },
    {
      text: `SELECT at, 'daemon' AS source, CONCAT(service, ': ', kind) AS what, COALESCE(external_id, business_key) AS ref,
          NULL AS duration_ms, COALESCE(error, state) AS outcome FROM external_calls WHERE job_id IN (${list}) ORDER BY id`,
      values: names,
    },
    ...ofPayments(list, names),
    {
      text: `SELECT at, 'ledger' AS source, CONCAT('booked: ', kind) AS what, business_id AS ref, NULL AS duration_ms, memo AS outcome
        FROM ledger_transactions WHERE kind IN (${placeholders(KINDS)}) AND business_id IN (${list}) ORDER BY id`,
      values: [...KINDS, ...names],
    },
  ];
}

function ofPayments(list: string, names: readonly string[]): readonly EntrySource[] {
  return [
    {
      text: `SELECT created_at AS at, 'job' AS source, CONCAT(invoice_type, ' begins') AS what, operation_id AS ref, NULL AS duration_ms,
          status AS outcome FROM lightning_invoices WHERE operation_id IN (${list}) ORDER BY id`,
      values: names,
    },
    {
      text: `SELECT accepted_at AS at, 'daemon' AS source, 'lnd holds the payment' AS what, payment_hash AS ref,
          ${between("created_at", "accepted_at")} AS duration_ms, NULL AS outcome
        FROM lightning_invoices WHERE operation_id IN (${list}) AND accepted_at IS NOT NULL ORDER BY id`,
      values: names,
    },
    {
      text: `SELECT paid_at AS at, 'daemon' AS source, CONCAT('lnd has the ', invoice_type, ' paid') AS what, payment_hash AS ref,
          ${between("created_at", "paid_at")} AS duration_ms, status AS outcome
        FROM lightning_invoices WHERE operation_id IN (${list}) AND paid_at IS NOT NULL ORDER BY id`,
      values: names,
    },
    {
      text: `SELECT COALESCE(sent_at, created_at) AS at, 'daemon' AS source, CONCAT('lnd SendPaymentV2, attempt ', attempt) AS what,
          payment_hash AS ref, NULL AS duration_ms, COALESCE(terminal, status) AS outcome
        FROM lightning_attempts WHERE operation_id IN (${list}) ORDER BY id`,
      values: names,
    },
  ];
}
