import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { Session } from "@arkrelay/core/session/session";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { StepOf } from "./ceremony-steps";
import type { CeremonyWorld } from "./ceremony-world";
import { createSwaps, type Side } from "./swap-world";

interface RandomBatch {
  readonly id: string;
  readonly submitter: TestKey;
  readonly intents: readonly NostrEvent[];
  readonly expires_at: number;
}

/** Batches of random swaps between the users of a run. */
export function createRandomSwaps(
  test: TestDatabase,
  world: CeremonyWorld,
  users: readonly [TestKey, TestKey, TestKey],
) {
  const swaps = createSwaps(test, world);
  const batches: RandomBatch[] = [];

  const sidesOf = ({ seller, asset, units, sats, isThree }: StepOf<"swap">): readonly [Side, Side, ...Side[]] => {
    const at = (offset: number): TestKey => users[(seller + offset) % users.length] ?? users[0];
    const [a, b, c] = [at(0), at(1), at(2)];
    const content = { solver_id: a.pubkey };
    const sold = { [asset]: units };
    if (!isThree) {
      return [
        { user: a, give: sold, receive: { gBTC: sats }, counterparties: [b] },
        { user: b, give: { gBTC: sats }, receive: sold, content },
      ];
    }
    return [
      { user: a, give: sold, receive: { gBTC: sats } },
      { user: b, give: { gBTC: sats + 400 }, receive: sold, content },
      { user: c, give: { gBTC: 600 }, receive: { gBTC: 1_000 }, content },
    ];
  };
  const submit = ({ id, submitter, intents, expires_at }: RandomBatch) =>
    swaps.submit(submitter, intents, { batch_id: id, expires_at });

  return {
    batches,
    /** Submits a batch of the seller; its members, in order. */
    start: async (step: StepOf<"swap">): Promise<readonly Session[]> => {
      const sides = sidesOf(step);
      await swaps.sync(...sides.map(({ user }) => user));
      const id = `batch-${String(batches.length).padStart(6, "0")}`;
      const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 500;
      const batch = { id, submitter: sides[0].user, intents: sides.map(swaps.sideEvent), expires_at };
      const { members } = await submit(batch);
      batches.push(batch);
      return members;
    },
    /** The same batch once more is the same batch. */
    submitAgain: async (index: number): Promise<void> => {
      const batch = batches[index % Math.max(batches.length, 1)];
      if (batch === undefined) return;
      const { replayed } = await submit(batch);
      expect(replayed).toBe(true);
    },
    /** How each batch ended: its members all one way, and one outcome that each of its parties finds. */
    check: async (): Promise<void> => {
      for (const { id, submitter, intents } of batches) {
        const status = (await swaps.statusOf(submitter, id)) ?? "";
        const isSettled = status === "finalized";
        const members = await test.database.select(
          "SELECT status FROM signing_sessions WHERE batch_id = ? AND created_by = ?",
          [id, `nostr:${submitter.pubkey}`],
        );
        expect(members.map((row) => row["status"])).toEqual(intents.map(() => (isSettled ? "completed" : "failed")));
        const result = await world.deps.results.find(submitter.pubkey, id);
        expect(result?.kind).toBe(isSettled ? 31340 : 31341);
        for (const event of intents) {
          const { action_id } = JSON.parse(event.content) as { readonly action_id: string };
          const ofAction = await world.deps.results.find(event.pubkey, action_id);
          // Of a batch that failed the actions have no outcome: another one may take them up.
          expect(ofAction).toEqual(isSettled ? result : undefined);
        }
      }
    },
  };
}
