import { signItems } from "@arkrelay/core/ark/sign-items";
import type { SigningItem } from "@arkrelay/core/ark/types";
import { parseBatchRequest } from "@arkrelay/core/nostr/batch-content";
import { sessionIdOfMember } from "@arkrelay/core/nostr/session-id";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { Challenge } from "@arkrelay/core/session/challenge";
import { respondToChallenge, type Responded } from "@arkrelay/core/session/respond-to-challenge";
import type { Session } from "@arkrelay/core/session/session";
import type { SessionConfig } from "@arkrelay/core/session/session-deps";
import { submitBatch, type SubmittedBatch } from "@arkrelay/core/swap/submit-batch";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, ownerCaller, type CeremonyWorld } from "./ceremony-world";

export const USD = `${testKey("usd issuance").pubkey}0000`;
export const LP = `${testKey("lp issuance").pubkey}0000`;

/** Amounts by our names of assets. */
export type Legs = Readonly<Record<string, number>>;

export interface Side {
  readonly user: TestKey;
  readonly give: Legs;
  readonly receive: Legs;
  /** What it gets is said as a minimum. */
  readonly isMinimum?: boolean;
  readonly counterparties?: readonly TestKey[];
  /** Of its intent, over what is usual. */
  readonly content?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Swaps on the real database, with arkd in memory and wallets that sign what they are asked. */
export async function openSwapWorld(test: TestDatabase, config: Partial<SessionConfig> = {}) {
  const world = await openCeremonyWorld(test, config);
  await registerTestAsset(test.database, "gUSD", USD);
  await registerTestAsset(test.database, "gLP", LP);
  await world.stockFees(5);
  return { ...world, ...createSwaps(test, world) };
}

/** What users and solvers of any world do to swap. */
export function createSwaps(test: TestDatabase, world: CeremonyWorld) {
  let actions = 0;

  const sideEvent = ({ user, give, receive, isMinimum, counterparties = [], content, params }: Side): NostrEvent =>
    world.intentEvent(user, {
      action_id: `swap-action-${actions++}`,
      type: "atomic_swap",
      params: {
        swap_id: "swap-00000001",
        give: Object.entries(give).map(([asset_id, amount]) => ({ asset_id, amount })),
        receive: Object.entries(receive).map(([asset_id, amount]) =>
          isMinimum === true ? { asset_id, min_amount: amount } : { asset_id, amount },
        ),
        counterparties: counterparties.map(({ pubkey }) => pubkey),
        fee_asset_id: GBTC,
        fee_amount: 10,
        ...params,
      },
      expires_at: Math.floor(world.clock.now().getTime() / 1000) + 600,
      ...content,
    });

  const submit = async (
    submitter: TestKey,
    intents: readonly NostrEvent[],
    fields: Readonly<Record<string, unknown>> = {},
    requestEventId = Buffer.from(world.deps.random.bytes(32)).toString("hex"),
  ): Promise<SubmittedBatch> => {
    const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 500;
    const request = parseBatchRequest({ batch_id: "batch-0001", intents, expires_at, ...fields });
    return test.database.transactions.run((tx) =>
      submitBatch(world.deps, tx, {
        submitterPubkey: submitter.pubkey,
        createdBy: `nostr:${submitter.pubkey}`,
        request,
        delivery: "both",
        requestEventId,
        sessionIdOf: (id) => sessionIdOfMember(id, requestEventId),
      }),
    );
  };

  const challengeOf = async ({ sessionId }: Pick<Session, "sessionId">): Promise<Challenge> => {
    const open = await world.openChallenge(sessionId);
    if (open === undefined) throw new Error(`no open challenge in ${sessionId}`);
    return open;
  };

  /** The answer of a wallet, its checkpoints signed ahead when the challenge asks for that. */
  const answer = async (user: TestKey, session: Pick<Session, "sessionId">): Promise<Responded> => {
    const challenge = await challengeOf(session);
    const { presign } = challenge.content.context;
    const signed = (role: "ark" | "checkpoint") =>
      signItems(itemsOf(challenge, role), user.secretKey, world.deps.random);
    return test.database.transactions.run((tx) =>
      respondToChallenge(world.deps, tx, {
        sessionId: session.sessionId,
        caller: ownerCaller(user.pubkey),
        signedBy: user.pubkey,
        payloadRef: challenge.payloadRef,
        signatures: challenge.stage === "ark_tx" ? signed("ark") : signed("checkpoint"),
        ...(presign && { checkpointSignatures: signed("checkpoint") }),
      }),
    );
  };

  return {
    sideEvent,
    submit,
    challengeOf,
    answerAs: answer,
    /** As `submit`, of sides that are signed first. */
    submitSides: (submitter: TestKey, sides: readonly Side[], fields: Readonly<Record<string, unknown>> = {}) =>
      submit(submitter, sides.map(sideEvent), fields),
    /** Reads a key's VTXOs from arkd, as a wallet's sync does. */
    sync: (...users: readonly TestKey[]) =>
      Promise.all(users.map(({ pubkey }) => syncVtxos(world.deps, { ownerPubkey: pubkey }))),
    balancesOf: async (user: TestKey): Promise<Record<string, bigint>> => {
      const rows = await world.deps.vtxos.sumBalances(user.pubkey, world.clock.now());
      return Object.fromEntries(rows.map(({ assetId, balance }) => [assetId, balance]));
    },
    /** A key that has completed a session before: nobody needs its checkpoints ahead. */
    makeKnown: async (...users: readonly TestKey[]): Promise<void> => {
      for (const user of users) {
        world.arkd.fund(user.pubkey, 1_000n);
        await syncVtxos(world.deps, { ownerPubkey: user.pubkey });
        const intent = { params: { asset_id: GBTC, amount: 990, recipient_pubkey: testKey("charity").pubkey } };
        const { session } = await world.open(user, intent);
        await world.drive(session.sessionId);
        await world.answer(user, session.sessionId);
        await world.drive(session.sessionId);
        await world.answer(user, session.sessionId);
        await world.drive(session.sessionId);
      }
    },
    statusOf: async (submitter: TestKey, batchId = "batch-0001") =>
      (await world.deps.swapBatches.find(submitter.pubkey, batchId))?.status,
    /** Kinds and plain texts of what was published to a key, oldest first. */
    published: async (kind: number): Promise<readonly NostrEvent[]> => {
      const rows = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = ? ORDER BY id", [kind]);
      return rows.map((row) => JSON.parse(String(row["raw"])) as NostrEvent);
    },
    locks: async (): Promise<number> => {
      const [row] = await test.database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
      return Number(row?.["n"]);
    },
  };
}

/** What a challenge asks for of the ark tx or of the checkpoints. */
export function itemsOf({ content }: Challenge, role: SigningItem["role"]): readonly SigningItem[] {
  return content.type === "sign_tx" ? content.items.filter((item) => item.role === role) : [];
}

export type SwapWorld = Awaited<ReturnType<typeof openSwapWorld>>;
