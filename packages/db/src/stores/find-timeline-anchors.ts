import { PAYOUT_KINDS } from "@arkrelay/core/payout/payout";
import type { TimelineAnchors } from "@arkrelay/core/ports/timeline-store";

import { readBigint, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { placeholders } from "./job-work-tables";

type Handle = Pick<SqlHandle, "selectOnce">;

/** Rows name each other by ids, so what was found names more: from an event to its session, its lift, its payout, its transaction. */
const ROUNDS = 3;
/** A request makes a few rows, a session too; nobody reads more. */
const NAMES_MAX = 200;
const ROWS_MAX = 100;

interface Found {
  readonly names: Set<string>;
  readonly sessionRowIds: Set<bigint>;
  readonly jobRowIds: Set<bigint>;
  readonly payoutIds: Set<bigint>;
  readonly objectKeys: Set<string>;
}

/** undefined = no row knows the id. A fixed number of queries, all on indexes. */
export async function findTimelineAnchors(handle: Handle, id: string): Promise<TimelineAnchors | undefined> {
  const found: Found = {
    names: new Set([id]),
    sessionRowIds: new Set(),
    jobRowIds: new Set(),
    payoutIds: new Set(),
    objectKeys: new Set(),
  };
  let isKnown = await isSeen(handle, id);
  for (let round = 0; round < ROUNDS; round++) {
    const size = found.names.size;
    const rows = await expand(handle, [...found.names].slice(0, NAMES_MAX));
    for (const row of rows) take(found, row);
    isKnown ||= rows.length > 0;
    if (found.names.size === size) break;
  }
  if (!isKnown) return undefined;
  return {
    names: [...found.names].slice(0, NAMES_MAX),
    sessionRowIds: [...found.sessionRowIds],
    jobRowIds: [...found.jobRowIds],
    payoutIds: [...found.payoutIds],
    objectKeys: [...found.objectKeys],
  };
}

/** Ids of which nothing else hangs: an event that led to nothing, a request that only an operator's log has. */
async function isSeen(handle: Handle, id: string): Promise<boolean> {
  const rows = await handle.selectOnce(
    `(SELECT 1 FROM nostr_events WHERE event_id = ? LIMIT 1) UNION ALL (SELECT 1 FROM nostr_outbox WHERE event_id = ? LIMIT 1)
     UNION ALL (SELECT 1 FROM audit_log WHERE request_id = ? LIMIT 1)`,
    [id, id, id],
  );
  return rows.length > 0;
}

/** `kind` says which table the row is of; name1 to name3 are the ids by which others may know it. */
async function expand(handle: Handle, names: readonly string[]): Promise<readonly Row[]> {
  const list = placeholders(names);
  const session = "SELECT 'session' AS kind, s.id, s.session_id AS name1, i.event_id AS name2, NULL AS name3 FROM";
  const lookUps: readonly (readonly [string, readonly string[]])[] = [
    [`${session} signing_sessions s LEFT JOIN intents i ON i.id = s.intent_id WHERE s.session_id IN (${list})`, names],
    [`${session} intents i JOIN signing_sessions s ON s.intent_id = i.id WHERE i.event_id IN (${list})`, names],
    [
      `${session} session_txs t JOIN signing_sessions s ON s.id = t.session_id LEFT JOIN intents i ON i.id = s.intent_id
       WHERE t.txid IN (${list})`,
      names,
    ],
    ...["challenge_id", "challenge_event_id", "response_event_id"].map(
      (column) =>
        [
          `${session} signing_challenges c JOIN signing_sessions s ON s.id = c.session_id LEFT JOIN intents i ON i.id = s.intent_id
           WHERE c.${column} IN (${list})`,
          names,
        ] as const,
    ),
    [`SELECT 'job', id, job_id, NULL, NULL FROM job_logs WHERE job_id IN (${list})`, names],
    [`SELECT 'job', id, job_id, NULL, NULL FROM job_logs WHERE request_id IN (${list})`, names],
    ...["operation_id", "payment_hash", "session_id"].map(
      (column) =>
        [
          `SELECT 'payment', id, session_id, operation_id, refund_txid FROM lightning_invoices WHERE ${column} IN (${list})`,
          names,
        ] as const,
    ),
    [`SELECT 'transaction', id, txid, session_id, NULL FROM transactions WHERE txid IN (${list})`, names],
    [`SELECT 'transaction', id, txid, session_id, NULL FROM transactions WHERE session_id IN (${list})`, names],
    [
      `SELECT 'payout', id, business_id, txid, NULL FROM payouts
       WHERE kind IN (${placeholders(PAYOUT_KINDS)}) AND business_id IN (${list})`,
      [...PAYOUT_KINDS, ...names],
    ],
    [
      `SELECT 'payout', p.id, p.business_id, p.txid, NULL FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id
       WHERE a.txid IN (${list})`,
      names,
    ],
    // The parts of a fan-out are named after its job, and its calls name both.
    [
      `SELECT 'payout', p.id, p.business_id, p.txid, NULL FROM external_calls x
       JOIN payouts p ON p.kind = 'fanout' AND p.business_id = x.business_key WHERE x.job_id IN (${list})`,
      names,
    ],
    [`SELECT 'event', id, subject, event_id, NULL FROM nostr_outbox WHERE event_id IN (${list})`, names],
  ];
  return handle.selectOnce(
    lookUps.map(([text]) => `(${text} LIMIT ${ROWS_MAX})`).join(" UNION "),
    lookUps.flatMap(([, values]) => values),
  );
}

function take(found: Found, row: Row): void {
  const kind = readText(row, "kind");
  const id = readBigint(row, "id");
  const names = ["name1", "name2", "name3"].flatMap((column) => (row[column] === null ? [] : [readText(row, column)]));
  const bases = names.flatMap((name) => (name.includes(".") ? [name.slice(0, name.indexOf("."))] : []));
  for (const name of [...names, ...bases]) found.names.add(name);
  const [first = ""] = names;
  if (kind === "session") {
    found.sessionRowIds.add(id);
    found.objectKeys.add(`session:${first}`);
  } else if (kind === "job") {
    found.jobRowIds.add(id);
    found.objectKeys.add(`job:${first}`);
  } else if (kind === "payout") {
    found.payoutIds.add(id);
  }
}
