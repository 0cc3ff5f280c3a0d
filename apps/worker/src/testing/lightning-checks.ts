import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { refIdOf } from "@arkrelay/core/session/publish-failure";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";
import type { ReconciliationRun } from "./reconciliation";
import { checkSubsidies, checkTransactionRows } from "./row-checks";

export interface RunFacts {
  readonly users: readonly string[];
  /** Sats that each user was given at arkd. */
  readonly fundedSats: bigint;
  /** Sats at arkd at the beginning; transfers change none of it. */
  readonly totalSats: bigint;
  /** What the ledger said after the first reconciliation, msat. */
  readonly opening: { readonly ark: bigint; readonly ln: bigint };
  /** Sats that came to the gateway's stock afterwards, from outside. */
  readonly addedSats: bigint;
}

/** Every row of a run at its end. */
export interface EndedRun {
  readonly lifts: readonly LightningOperation[];
  readonly lands: readonly LightningOperation[];
  /** Hashes that somebody else paid from the same node, with the payment_index of that. */
  readonly paidElsewhere: ReadonlyMap<string, bigint>;
  /** Lands whose payment the node no longer knows. */
  readonly forgotten: ReadonlySet<string>;
}

/** How a session ends with its lift or land. */
const SESSION_END: Readonly<Record<string, string>> = {
  "lift paid": "completed",
  "lift lost": "completed",
  "lift expired": "expired",
  "lift cancelled": "failed",
  "land paid": "completed",
  "land refunded": "failed",
  "land failed": "failed",
  "land cancelled": "failed",
  "land expired": "expired",
  "land in_flight": "signing",
};

const isDelivered = ({ status }: LightningOperation): boolean => status === "paid" || status === "lost";
const isPaid = ({ status }: LightningOperation): boolean => status === "paid";
/** At the end these are the lands that nobody can say anything of; their VTXOs stay where they are. */
const isUnknown = ({ status }: LightningOperation): boolean => status === "in_flight";

/**
 * What must be true once everything has ended: nobody is short and nobody got anything twice, the books say what arkd and lnd say,
 * nothing is locked, and each action has one outcome.
 */
export async function checkBooks(test: TestDatabase, world: LandWorld, run: EndedRun, facts: RunFacts): Promise<void> {
  const { lifts, lands, forgotten } = run;
  await Promise.all([...lifts, ...lands].map((operation) => checkOutcome(test, world, operation)));
  expect(lands.filter(isUnknown).filter(({ operationId }) => !forgotten.has(operationId))).toEqual([]);
  expect(world.arkd.totalSats()).toBe(facts.totalSats + facts.addedSats);
  checkUsers(world, run, facts);
  checkPayers(world, run);
  checkPayees(world, run);
  await checkLedger(world, run, facts);
  await checkRows(test, world, run);
}

/** A session ended as its row did, with the one result that says so, and one event that tells it. */
async function checkOutcome(
  { database }: TestDatabase,
  world: LandWorld,
  operation: LightningOperation,
): Promise<void> {
  const session = await world.getSession(operation.sessionId);
  const { operationId, invoiceType, status } = operation;
  expect([operationId, session.status]).toEqual([operationId, SESSION_END[`${invoiceType} ${status}`]]);
  const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
  const told = await database.select(
    "SELECT kind FROM nostr_outbox WHERE kind IN (31340, 31341) AND subject IN (?, ?) GROUP BY event_id, kind",
    [session.sessionId, refIdOf(session)],
  );
  const kinds = isUnknown(operation) ? [] : [session.status === "completed" ? 31340 : 31341];
  expect([operationId, result?.kind, told.map((row) => row["kind"])]).toEqual([operationId, kinds[0], kinds]);
}

/** Each user has what it had, and what was lifted, without what was landed and its fee. */
function checkUsers(world: LandWorld, { lifts, lands }: EndedRun, { users, fundedSats }: RunFacts): void {
  for (const user of users) {
    const own = ({ userPubkey }: LightningOperation): boolean => userPubkey === user;
    const lifted = sum(lifts.filter(own).filter(isDelivered), ({ amountSats }) => amountSats);
    const landed = sum(
      lands.filter(own).filter((land) => isPaid(land) || isUnknown(land)),
      ({ amountSats, fee }) => amountSats + fee,
    );
    expect([user, world.satsOf(user)]).toEqual([user, fundedSats + lifted - landed]);
  }
}

/** Who paid for a lift that is not paid has everything back. */
function checkPayers(world: LandWorld, { lifts }: EndedRun): void {
  for (const lift of lifts) {
    expect([lift.operationId, world.lightning.isReturned(lift.paymentHash)]).toEqual([lift.operationId, !isPaid(lift)]);
  }
}

/** A payee has what a land says it has; what was refunded was paid by somebody else at most. */
function checkPayees({ lightning }: LandWorld, { lands, paidElsewhere }: EndedRun): void {
  for (const { operationId, status, claimedHash, paymentHash, amountSats, routingFeeMsat = 0n } of lands) {
    const paid = lightning.paid.get(paymentHash);
    if (status === "paid")
      expect([operationId, paid?.msat]).toEqual([operationId, amountSats * 1000n + routingFeeMsat]);
    else if (status === "refunded" && paid !== undefined)
      expect([operationId, paidElsewhere.get(paymentHash)]).toEqual([operationId, paid.paymentIndex]);
    expect([operationId, claimedHash === undefined]).toEqual([operationId, !CLAIMING.has(status)]);
  }
}

/** A hash that a land was received for is used up for ever. */
const CLAIMING: ReadonlySet<string> = new Set(["paid", "refunded", "in_flight"]);

async function checkLedger(world: LandWorld, { lifts, lands }: EndedRun, facts: RunFacts): Promise<void> {
  const withFee = ({ amountSats, fee }: LightningOperation): bigint => (amountSats + fee) * 1000n;
  const delivered = sum(lifts.filter(isDelivered), ({ amountSats }) => amountSats * 1000n);
  const lost = sum(
    lifts.filter(({ status }) => status === "lost"),
    ({ amountSats }) => amountSats * 1000n,
  );
  const kept = sum(lands.filter(isPaid), withFee);
  const paidFees = sum(lands.filter(isPaid), ({ fee }) => fee * 1000n);
  // A fee is income from the moment its VTXO is received.
  const openFees = sum(lands.filter(isUnknown), ({ fee }) => fee * 1000n);
  const owed = sum(lands.filter(isUnknown), withFee) - openFees;
  const routing = sum(lands.filter(isPaid), ({ routingFeeMsat = 0n }) => routingFeeMsat);
  const booked = -(await world.balance("suspense:unsolicited"));
  expect({
    ark: await world.balance("asset:ark"),
    ln: await world.balance("asset:ln"),
    receivable: await world.balance("receivable:lift"),
    liability: await world.balance("liability:land"),
    fees: await world.balance("income:land_fee"),
    routing: await world.balance("expense:routing"),
    loss: await world.balance("expense:loss"),
  }).toEqual({
    ark: facts.opening.ark + booked + kept + owed + openFees - delivered,
    ln: facts.opening.ln + world.lightning.receivedMsat() - (kept - paidFees) - routing,
    receivable: 0n,
    liability: -owed,
    fees: -(paidFees + openFees),
    routing,
    loss: lost,
  });
}

/** Nothing is locked, what was reserved is given back or used, and every transaction row says what arkd says. */
async function checkRows(test: TestDatabase, world: LandWorld, { lands }: EndedRun): Promise<void> {
  const { database } = test;
  const locks = await database.select("SELECT locked_by FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locks.map((row) => String(row["locked_by"])).toSorted()).toEqual(
    lands
      .filter(isUnknown)
      .map(({ operationId }) => `land:${operationId}`)
      .toSorted(),
  );
  await checkSubsidies(test);
  await checkTransactionRows(test, world);
}

/** The job finds no more than what others sent from the node, and what the node sent and forgot. A difference counts from the second run on. */
export async function checkReconciliation(
  { lightning }: LandWorld,
  { lands }: EndedRun,
  reconciliation: ReconciliationRun,
): Promise<void> {
  const booked = new Set(lands.filter(isPaid).map(({ paymentHash }) => paymentHash));
  let foreignMsat = 0n;
  for (const [hash, { msat }] of lightning.paid) {
    const isExplained = lands.some((land) => isUnknown(land) && land.paymentHash === hash);
    const isShown = (await lightning.trackPayment(hash))?.status === "succeeded";
    if (!booked.has(hash) && !(isExplained && isShown)) foreignMsat += msat;
  }
  await reconciliation.run();
  const rows = await reconciliation.run();
  const driftOf = (account: string): bigint => BigInt(rows.find((row) => row.account === account)?.drift ?? "-1");
  expect([driftOf("asset:ark"), driftOf("asset:onchain")]).toEqual([0n, 0n]);
  const off = driftOf("asset:ln") + foreignMsat;
  expect(off < 0n ? -off : off).toBeLessThanOrEqual(foreignMsat === 0n ? 0n : ROUNDING_MSAT);
}

/** lnd rounds the two balances of its one channel, and what is in neither, to sats. */
const ROUNDING_MSAT = 3_000n;

function sum(rows: readonly LightningOperation[], of: (row: LightningOperation) => bigint): bigint {
  return rows.reduce((total, row) => total + of(row), 0n);
}
