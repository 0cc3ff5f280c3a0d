import type { BatchPresign } from "../session/session-deps";

export interface PresignMember {
  readonly pubkey: string;
  /** Sats of its inputs. */
  readonly satsIn: bigint;
  /** It submitted the batch, or another member names it as its solver. */
  readonly isSolver: boolean;
  readonly hasCompleted: boolean;
}

/** Beyond this many members everybody presigns. */
const FREE_MEMBERS_MAX = 2;

/**
 * Who gives its checkpoint signatures with its first answer. Once arkd has accepted, nobody gets out without every one of them, so the
 * gateway holds those of all members but one at most, and of that one's only when everybody has completed a session before.
 */
export function choosePresigners(members: readonly PresignMember[], rule: BatchPresign): ReadonlySet<string> {
  if (rule === "none") return new Set();
  const isKnown = members.every(({ hasCompleted }) => hasCompleted);
  const letOff = members.length <= FREE_MEMBERS_MAX && isKnown ? findLetOff(members, rule) : undefined;
  return new Set(members.map(({ pubkey }) => pubkey).filter((pubkey) => pubkey !== letOff));
}

function findLetOff(members: readonly PresignMember[], rule: Exclude<BatchPresign, "none">): string | undefined {
  switch (rule) {
    case "all":
      return undefined;
    case "largest":
      return members.toSorted((a, b) => (a.satsIn === b.satsIn ? 0 : a.satsIn > b.satsIn ? -1 : 1))[0]?.pubkey;
    case "non_solver": {
      const [only, ...more] = members.filter(({ isSolver }) => !isSolver);
      return more.length === 0 ? only?.pubkey : undefined;
    }
  }
}
