import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { Challenge } from "@arkrelay/core/session/challenge";
import { respondToChallenge, type RespondInput } from "@arkrelay/core/session/respond-to-challenge";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { AnswerWay } from "./ceremony-steps";
import { ownerCaller, type CeremonyWorld } from "./ceremony-world";
import { walletAnswer } from "./wallet-answer";

const STRANGER = testKey("stranger");

/** Whose session it is. */
export interface OwnedSession {
  readonly id: string;
  readonly user: TestKey;
}

/** Wallets that sign what they are asked, and people who try with anything else. */
export function createWallets({ database }: TestDatabase, world: CeremonyWorld) {
  const { deps } = world;
  /** challenge_ids over which their owners did sign. */
  const approved = new Set<string>();
  /** What was taken although nobody had signed it: nothing, ever. */
  const takenLies: string[] = [];
  /** How often each lie was told and refused. */
  const refusedLies: string[] = [];

  const respond = (input: RespondInput): Promise<unknown> =>
    database.transactions.run((tx) => respondToChallenge(deps, tx, input));
  const honest = ({ id, user }: OwnedSession, challenge: Challenge): RespondInput => {
    approved.add(challenge.challengeId);
    const owner = { caller: ownerCaller(user.pubkey), signedBy: user.pubkey };
    const { payloadRef } = challenge;
    return { sessionId: id, ...owner, payloadRef, ...walletAnswer(challenge, user, deps.random) };
  };
  const lie = async (how: AnswerWay, input: RespondInput): Promise<void> => {
    try {
      await respond(input);
    } catch (thrown) {
      refusedLies.push(how);
      throw thrown;
    }
    takenLies.push(`${how} of ${input.sessionId}`);
  };
  const lying = (session: OwnedSession, challenge: Challenge): Omit<RespondInput, "signature" | "signatures"> => ({
    sessionId: session.id,
    caller: ownerCaller(session.user.pubkey),
    signedBy: session.user.pubkey,
    payloadRef: challenge.payloadRef,
  });
  const garbage = ({ content, items }: Challenge): Pick<RespondInput, "signature" | "signatures"> => {
    const sig = "11".repeat(64);
    if (content.type === "sign_payload") return { signature: sig };
    return { signatures: items.map(({ txid, input }) => ({ txid, input, sig })) };
  };

  return {
    approved,
    takenLies,
    refusedLies,
    /** The owner's 31512, signed and not sent. */
    sign: async (session: OwnedSession): Promise<NostrEvent | undefined> => {
      const challenge = await world.openChallenge(session.id);
      if (challenge === undefined) return undefined;
      approved.add(challenge.challengeId);
      return world.responseEvent(session.user, session.id, challenge);
    },
    /** Answers what is open, if anything is. `other`: whose challenge is signed in place of this one's. */
    answer: async (
      session: OwnedSession,
      how: Exclude<AnswerWay, "nostr" | "held"> = "honest",
      other?: OwnedSession,
    ): Promise<void> => {
      const challenge = await world.openChallenge(session.id);
      if (challenge === undefined) return;
      switch (how) {
        case "honest":
          return void (await respond(honest(session, challenge)));
        case "carried": {
          const { pubkey } = STRANGER;
          return void (await respond({
            ...honest(session, challenge),
            caller: ownerCaller(pubkey),
            signedBy: pubkey,
          }));
        }
        case "garbage":
          return lie(how, { ...lying(session, challenge), ...garbage(challenge) });
        case "other_key":
          return lie(how, {
            ...lying(session, challenge),
            ...walletAnswer(asIfOf(STRANGER, challenge), STRANGER, deps.random),
          });
        case "other_challenge": {
          const elsewhere = other === undefined ? undefined : await world.openChallenge(other.id);
          if (elsewhere === undefined || elsewhere.challengeId === challenge.challengeId) return;
          return lie(how, { ...lying(session, challenge), ...walletAnswer(elsewhere, session.user, deps.random) });
        }
      }
    },
  };
}

/** What a wallet is shown that is to sign for somebody else without noticing. */
function asIfOf({ pubkey }: TestKey, challenge: Challenge): Challenge {
  return { ...challenge, items: challenge.items.map((item) => ({ ...item, pubkey })) };
}
