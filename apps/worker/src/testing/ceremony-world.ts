import { randomBytes, randomUUID } from "node:crypto";

import { deriveGatewayKeys } from "@arkrelay/core/ark/wallet-keys";
import type { Caller } from "@arkrelay/core/caller";
import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { InvoiceQuotes } from "@arkrelay/core/lightning/invoice-quotes";
import { INTENT_KIND, RESPONSE_KIND } from "@arkrelay/core/nostr/kinds";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { Random } from "@arkrelay/core/ports/random";
import type { Challenge } from "@arkrelay/core/session/challenge";
import { openSession, type OpenedSession } from "@arkrelay/core/session/open-session";
import { processNostrEvent } from "@arkrelay/core/session/process-nostr-event";
import { respondToChallenge, type Responded } from "@arkrelay/core/session/respond-to-challenge";
import type { Session } from "@arkrelay/core/session/session";
import type { CeremonyDeps, SessionConfig } from "@arkrelay/core/session/session-deps";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { InMemoryArkd } from "@arkrelay/core/testing/in-memory-arkd";
import { ManualClock } from "@arkrelay/core/testing/manual-clock";
import { registerGatewayScripts, syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleNostrOutbox } from "@arkrelay/db/stores/nostr-outbox-store";
import { DrizzleNostrPeers } from "@arkrelay/db/stores/nostr-peer-store";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import { openSessionStores } from "@arkrelay/db/stores/open-session-stores";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { createSealer } from "@arkrelay/runtime/sealing";

import { TEST_LIGHTNING_CONFIG } from "./test-lightning-config";
import { walletAnswer } from "./wallet-answer";

export const TEST_SESSION_CONFIG: SessionConfig = {
  network: "regtest",
  sessionTimeoutMs: 900_000,
  challengeTimeoutMs: 300_000,
  ceremonyTimeoutMs: 300_000,
  challengeResendMs: 60_000,
  maxSessionsPerUser: 3,
  unprovenSessionsPerCreator: 10,
  maxInputs: 20,
  acceptedUnfinalisedMax: 20,
  maxConcurrentSessions: 100,
  vtxoMinRemainingMs: 3_600_000,
  renewDailySats: 1_000_000n,
  l2FeeSats: 10n,
  feeVtxoSats: 1_000n,
  maxIntentTtlMs: 86_400_000,
  strangerRepliesPerMinute: 60,
  daemonTimeoutMs: 30_000,
  batchMembersMax: 8,
  batchPresign: "largest",
};

const TRUE_RANDOM: Random = { bytes: (length) => new Uint8Array(randomBytes(length)), uuid: () => randomUUID() };

/** An owner's caller, as NIP-98 proves it. */
export function ownerCaller(pubkey: string): Caller {
  return { principal: `nostr:${pubkey}`, pubkey, isAdmin: false, isSolver: true, isOpen: false, scopes: new Set() };
}

/** A solver with an API key: proven to be itself, and nobody's owner. */
export function solverCaller(name: string): Caller {
  return { principal: `key:${name}`, isAdmin: false, isSolver: true, isOpen: false, scopes: new Set(["sessions"]) };
}

/** The gateway's Nostr key. */
export const GATEWAY_SECRET = new Uint8Array(32).fill(7);

/** Ceremonies on the real database, with arkd in memory, a clock that stands still and wallets that sign what they are asked. */
export async function openCeremonyWorld(
  test: TestDatabase,
  config: Partial<SessionConfig> = {},
  random: Random = TRUE_RANDOM,
) {
  const { database } = test;
  const clock = new ManualClock(Date.now());
  const arkd = new InMemoryArkd(clock);
  const jobStore = new DrizzleJobStore(database);
  const sealer = createSealer({ key: new Uint8Array(32).fill(3) });
  const stores = openSessionStores(database, sealer);
  const deps: CeremonyDeps = {
    clock,
    random,
    config: { ...TEST_SESSION_CONFIG, ...config },
    lightningConfig: TEST_LIGHTNING_CONFIG,
    invoiceQuotes: new InvoiceQuotes({ ...stores, clock, tapd: undefined }),
    lightningInfo: { current: async () => ({ nodePubkey: `02${"aa".repeat(32)}`, localMsat: 10_000_000_000n }) },
    ...openLightningStores(database, sealer),
    ...stores,
    jobs: { jobs: jobStore, random, clock, pendingJobsMax: 10_000 },
    arkInfo: { current: () => arkd.getInfo() },
    outbox: new DrizzleNostrOutbox({ relays: ["ws://relay.test"] }),
    peers: new DrizzleNostrPeers(database, "nip44"),
    identity: createGatewayIdentity(GATEWAY_SECRET),
    arkd,
    wallet: { keys: deriveGatewayKeys(new Uint8Array(32).fill(9)) },
  };
  await registerGatewayScripts(deps, deps.wallet);
  const fee = deps.wallet.keys.fee.pubkey;
  const gatewayPubkey = deps.identity?.pubkey ?? "";

  return {
    deps,
    clock,
    arkd,
    /** Co-inputs of the gateway, known to its mirror. */
    stockFees: async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) arkd.fund(fee, 1_000n);
      await syncVtxos(deps, { ownerPubkey: fee });
    },
    open: (
      user: TestKey,
      intentData: Record<string, unknown>,
      extra: Partial<Parameters<typeof openSession>[2]> = {},
    ) =>
      database.transactions.run((tx): Promise<OpenedSession> =>
        openSession(deps, tx, {
          caller: ownerCaller(user.pubkey),
          userPubkey: user.pubkey,
          sessionType: "p2p_transfer",
          intentData,
          delivery: "both",
          autoStart: true,
          ...extra,
        }),
      ),
    /** One attempt of a worker: takes the row, drives it as far as it goes, gives it back. */
    drive: async (sessionId: string): Promise<Date | undefined> => {
      const fence = randomUUID();
      await database.write("UPDATE signing_sessions SET attempt_token = ? WHERE session_id = ?", [fence, sessionId]);
      const { nextAt } = await driveCeremony(deps, { sessionId, fence });
      return nextAt;
    },
    getSession: async (sessionId: string): Promise<Session> => {
      const session = await deps.sessions.find(sessionId);
      if (session === undefined) throw new Error(`no session ${sessionId}`);
      return session;
    },
    openChallenge: async (sessionId: string): Promise<Challenge | undefined> => {
      const session = await deps.sessions.find(sessionId);
      return session === undefined ? undefined : deps.challenges.findOpen(undefined, session.id);
    },
    /** What the wallet of `user` answers to the open challenge. */
    answer: async (user: TestKey, sessionId: string, caller = ownerCaller(user.pubkey)): Promise<Responded> => {
      const session = await deps.sessions.find(sessionId);
      const challenge = session === undefined ? undefined : await deps.challenges.findOpen(undefined, session.id);
      if (challenge === undefined) throw new Error(`no open challenge in ${sessionId}`);
      return database.transactions.run((tx) =>
        respondToChallenge(deps, tx, {
          sessionId,
          caller,
          signedBy: caller.pubkey,
          payloadRef: challenge.payloadRef,
          ...walletAnswer(challenge, user, random),
        }),
      );
    },
    /** A signed 31510 with this content. */
    intentEvent: (user: TestKey, content: Record<string, unknown>): NostrEvent =>
      createGatewayIdentity(user.secretKey).sign({
        kind: INTENT_KIND,
        created_at: Math.floor(clock.now().getTime() / 1000),
        tags: [
          ["p", gatewayPubkey],
          ["d", String(content["action_id"])],
        ],
        content: JSON.stringify(content),
      }),
    /** The 31512 with which the wallet of `user` answers a challenge. */
    responseEvent: (user: TestKey, sessionId: string, challenge: Challenge): NostrEvent => {
      const content = {
        session_id: sessionId,
        type: challenge.content.type,
        payload_ref: challenge.payloadRef,
        algo: "BIP340",
        challenge_id: challenge.challengeId,
        ...walletAnswer(challenge, user, random),
      };
      const identity = createGatewayIdentity(user.secretKey);
      return identity.sign({
        kind: RESPONSE_KIND,
        created_at: Math.floor(clock.now().getTime() / 1000),
        tags: [
          ["p", gatewayPubkey],
          ["d", `${sessionId}:${challenge.stepIndex}`],
        ],
        content: identity.encrypt(gatewayPubkey, JSON.stringify(content), "nip44"),
      });
    },
    process: (event: NostrEvent) => processNostrEvent(deps, event),
  };
}

export type CeremonyWorld = Awaited<ReturnType<typeof openCeremonyWorld>>;
