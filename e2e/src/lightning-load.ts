import {
  CeremonyTimeoutError,
  PaymentFailedError,
  RetriableHttpError,
  RetryExceededError,
  ServiceRequestError,
  UnavailableError,
} from "@arkrelay/sdk/errors";
import { executeLandFlow, executeLiftFlow } from "@arkrelay/sdk/lightning-operations";

import { cancelOutside, outsideInvoice, payFromOutside, settleOutside } from "./control-api";
import { eventually } from "./eventually";
import type { StackInfo } from "./running-stack";
import type { WalletUser } from "./wallet-user";

export const LIFT_SATS = 5_000;
export const LAND_SATS = 4_000;
export const LAND_FEE_SATS = 4;
/** A breaker that these faults have opened stays open for a minute. */
const INVOICE_MS = 180_000;
/** A wallet answers as long as its land goes on: once arkd has the transfer, only that answer lets it end. */
const FOLLOW_MS = 240_000;
const LIFT_MS = 60_000;
/** A land is an open session of its user while its payee holds it, and the gateway limits those. */
const HELD_MAX = 3;

export interface Operation {
  readonly kind: "lift" | "land";
  readonly user: WalletUser;
  readonly paymentHash: string;
}

const ENDS = [PaymentFailedError, CeremonyTimeoutError, RetriableHttpError, RetryExceededError, ServiceRequestError];

type Held = Pick<Operation, "user" | "paymentHash">;

interface Load {
  readonly stack: StackInfo;
  readonly random: () => number;
  /** What was begun, by whom. */
  readonly operations: Operation[];
  /** Lands whose payee outside may still be holding the payment. */
  readonly held: Held[];
  /** What the wallets of held lands still wait for. */
  readonly following: Promise<void>[];
  /** How flows ended that should not end so: a wallet that saw reason to refuse, or an error that no flow promises. */
  readonly surprises: unknown[];
  /** How often wallets were told of which end, by `<kind> <end>`. */
  readonly heard: Record<string, number>;
}

/**
 * Lets every user lift and land until `deadlineMs` (Unix time), each one after the other: over HTTP and over Nostr; with payers that pay
 * twice, and payees that take the payment at once, hold it, or refuse it. Rejects when a client could not begin what it has to be able to.
 */
export async function loadUntil(
  deadlineMs: number,
  { stack, users, random }: { stack: StackInfo; users: readonly WalletUser[]; random: () => number },
): Promise<Omit<Load, "stack" | "random">> {
  const load: Load = { stack, random, operations: [], held: [], following: [], surprises: [], heard: {} };
  const ended = await Promise.allSettled(
    users.map(async (user) => {
      while (Date.now() < deadlineMs) await (random() < 0.5 ? lift : land)(user, load);
    }),
  );
  const reasons = ended.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  if (reasons.length > 0) throw new AggregateError(reasons, `the load broke: ${reasons.map(String).join("; ")}`);
  return load;
}

function lift(user: WalletUser, load: Load): Promise<void> {
  return load.random() < 0.5 ? liftOverHttp(user, load) : liftOverNostr(user, load);
}

async function liftOverHttp(user: WalletUser, load: Load): Promise<void> {
  const begun = await user.client
    .lightningLift(user.pubkey, "gBTC", LIFT_SATS, { as: "owner", idempotencyKey: crypto.randomUUID() })
    .catch((error: unknown) => {
      // lnd is known to be away, for longer than a client waits: nothing was begun.
      if (error instanceof RetryExceededError || error instanceof UnavailableError) return undefined;
      throw error;
    });
  if (begun === undefined) return;
  const { payment_hash: paymentHash } = begun;
  load.operations.push({ kind: "lift", user, paymentHash });
  const bolt11 = await eventually(async () => {
    const { bolt11_invoice, status } = await user.client.getInvoice(paymentHash);
    if (!bolt11_invoice && status === "pending") throw new Error("no invoice yet");
    return bolt11_invoice;
  }, INVOICE_MS);
  if (bolt11) await payLift(bolt11, load);
}

async function liftOverNostr(user: WalletUser, load: Load): Promise<void> {
  let paying: Promise<void> = Promise.resolve();
  const lifting = executeLiftFlow(
    { signer: user.signer, nostr: user.nostr },
    {
      amountSats: LIFT_SATS,
      timeoutMs: LIFT_MS,
      onInvoice: ({ bolt11, paymentHash }) => {
        load.operations.push({ kind: "lift", user, paymentHash });
        return (paying = payLift(bolt11, load));
      },
    },
  );
  await orAnEnd("lift", lifting, load);
  await paying;
}

/** Whether it was paid is not what is looked at: the gateway, arkd and lnd say what became of it. */
async function orAnEnd(kind: Operation["kind"], flow: Promise<unknown>, { surprises, heard }: Load): Promise<void> {
  let end = "done";
  try {
    await flow;
  } catch (error) {
    if (!ENDS.some((known) => error instanceof known)) surprises.push(error);
    end = describeEnd(error);
  }
  heard[`${kind} ${end}`] = (heard[`${kind} ${end}`] ?? 0) + 1;
}

function describeEnd(error: unknown): string {
  if (error instanceof RetryExceededError) return `gave up: ${describeEnd(error.last)}`;
  if (ENDS.some((known) => error instanceof known) && error instanceof Error && "code" in error)
    return String(error.code);
  return error instanceof Error ? error.name : String(error);
}

async function payLift(bolt11: string, { stack, random }: Load): Promise<void> {
  await payFromOutside(stack, bolt11);
  // An impatient payer tries again; lnd lets no hash be paid twice.
  if (random() < 0.2) await payFromOutside(stack, bolt11).catch(() => undefined);
}

async function land(user: WalletUser, load: Load): Promise<void> {
  const { stack, random } = load;
  const dice = random();
  const isHeld = dice < 0.3;
  const { bolt11, paymentHash } = await outsideInvoice(stack, LAND_SATS, { hold: isHeld });
  load.operations.push({ kind: "land", user, paymentHash });
  if (dice < 0.1) await cancelOutside(stack, paymentHash);
  const { nostr: _nostr, ...overHttp } = user.flowOptions;
  const landing = executeLandFlow(random() < 0.5 ? overHttp : user.flowOptions, {
    amountSats: LAND_SATS,
    invoice: bolt11,
    timeoutMs: FOLLOW_MS,
  });
  const ended = orAnEnd("land", landing, load);
  if (!isHeld || dice < 0.1) return ended;
  await holdFor(user, paymentHash, load);
  load.following.push(ended);
  let isOver = false;
  void ended.then(() => (isOver = true));
  await eventually(async () => {
    if (isOver) return;
    const { status } = await user.client.getInvoice(paymentHash, { as: "owner" });
    if (status === "pending_payment" || status === "received") throw new Error("not on its way yet");
  }, 60_000).catch(() => undefined);
  if (dice < 0.2) await settleOutside(stack, paymentHash).catch(() => undefined);
}

/** The payee that has held longest lets go first. */
async function holdFor(user: WalletUser, paymentHash: string, load: Load): Promise<void> {
  load.held.push({ user, paymentHash });
  const mine = load.held.filter((each) => each.user === user);
  for (const { paymentHash: oldest } of mine.slice(0, -HELD_MAX)) {
    load.held.splice(
      load.held.findIndex((each) => each.paymentHash === oldest),
      1,
    );
    await letGo(load.stack, oldest, load.random);
  }
}

/** The payee takes what it holds, or refuses it. What never came to it cannot be taken, and a land may have ended before. */
export async function letGo(stack: StackInfo, paymentHash: string, random: () => number): Promise<void> {
  await (random() < 0.5 ? settleOutside : cancelOutside)(stack, paymentHash).catch(() => undefined);
}
