import { AppError } from "../errors";
import type { LightningOperation } from "../lightning/lightning-operation";
import type { LightningInvoice, LightningNode, LightningPayment } from "../ports/lightning-node";
import type { LightningStore } from "../ports/lightning-stores";

export interface UnpostedDeps {
  readonly lightning: Pick<LightningNode, "lookupInvoice" | "trackPayment">;
  readonly operations: Pick<LightningStore, "listOpenLifts" | "listInFlightLands">;
}

/** Lifts and lands whose last step at lnd was seen or may have been: what explains a difference. */
export interface OpenOperations {
  readonly lifts: readonly LightningOperation[];
  readonly lands: readonly LightningOperation[];
}

export interface SettledLift {
  readonly lift: LightningOperation;
  readonly invoice: LightningInvoice;
}

export interface PaidLand {
  readonly land: LightningOperation;
  readonly payment: LightningPayment;
}

const PAGE = 200;
/** Operations under way that are looked up one by one; with more of them nobody can say what explains a difference. */
const LOOK_UPS_MAX = 500;
/** Asked at once: posting may be paused meanwhile. lnd and its breaker take this without noticing. */
const AT_ONCE = 25;

/** Read after the daemon: what was seen there belongs to one of these, or is posted. */
export async function listOpenOperations({ operations }: Pick<UnpostedDeps, "operations">): Promise<OpenOperations> {
  const lands = await listAll(operations.listInFlightLands.bind(operations));
  const lifts = await listAll(operations.listOpenLifts.bind(operations));
  return { lands, lifts };
}

/** Delivered lifts that lnd has settled, and their posting is still to come. */
export async function findSettledLifts(
  { lightning }: Pick<UnpostedDeps, "lightning">,
  lifts: readonly LightningOperation[],
): Promise<readonly SettledLift[]> {
  const delivered = lifts.filter(({ status }) => status === "delivered");
  const invoices = await lookUp(delivered, ({ paymentHash }) => lightning.lookupInvoice(paymentHash));
  return delivered.flatMap((lift, index) => {
    const invoice = invoices[index];
    return invoice?.state === "settled" ? [{ lift, invoice }] : [];
  });
}

/** Lands in flight that lnd has paid, and their posting is still to come. */
export async function findPaidLands(
  { lightning }: Pick<UnpostedDeps, "lightning">,
  lands: readonly LightningOperation[],
): Promise<readonly PaidLand[]> {
  const payments = await lookUp(lands, ({ paymentHash }) => lightning.trackPayment(paymentHash));
  return lands.flatMap((land, index) => {
    const payment = payments[index];
    return payment?.status === "succeeded" ? [{ land, payment }] : [];
  });
}

async function listAll(
  list: (afterId: bigint, limit: number) => Promise<readonly LightningOperation[]>,
): Promise<readonly LightningOperation[]> {
  const all: LightningOperation[] = [];
  for (let afterId = 0n; ;) {
    const page = await list(afterId, PAGE);
    all.push(...page);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return all;
    afterId = last.id;
  }
}

async function lookUp<Answer>(
  operations: readonly LightningOperation[],
  ask: (operation: LightningOperation) => Promise<Answer>,
): Promise<readonly Answer[]> {
  if (operations.length > LOOK_UPS_MAX) {
    throw new AppError("internal_error", {
      internal: `${operations.length} operations are under way: too many to tell what explains a difference`,
    });
  }
  const answers: Answer[] = [];
  for (let start = 0; start < operations.length; start += AT_ONCE) {
    answers.push(...(await Promise.all(operations.slice(start, start + AT_ONCE).map(ask))));
  }
  return answers;
}
