import { driveAssetPayout } from "@arkrelay/core/asset/drive-asset-payout";
import { mintAsset, mintCallOf, type MintDeps } from "@arkrelay/core/asset/mint-asset";
import type { TwinReserveSource } from "@arkrelay/core/asset/read-tapd-units";
import { AppError } from "@arkrelay/core/errors";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";
import { DrizzleExternalCallStore } from "@arkrelay/db/stores/external-call-store";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";
import { mortalDeps, type Death } from "./mortal-process";
import { GOLD } from "./test-asset";

export interface RandomMint {
  readonly jobId: string;
  readonly user: TestKey;
  readonly units: bigint;
  /** How its job ended; undefined while it goes on. */
  end: "minted" | "refused" | undefined;
}

export const MINT_CARRIER_SATS = 1_000n;
/** More than any mint takes. */
const TURNS_MAX = 20;

/** Mints of gold out of the treasury, as their jobs run them, beside the lifts and lands of a world. */
export function createRandomMints({ database }: TestDatabase, world: LandWorld, tapd: TwinReserveSource) {
  const calls = new DrizzleExternalCallStore(database);
  const deps = {
    ...world.deps,
    tapd,
    calls,
    supplies: new DrizzleAssetSupplyStore(database),
    assetConfig: { carrierSats: MINT_CARRIER_SATS, carrierSubsidyDailySats: 1_000_000n },
  } satisfies MintDeps;
  const mints: RandomMint[] = [];
  /** Times that a mint was put off because units were moving. */
  let waits = 0;
  const guard = () => Promise.resolve();

  const drive = async (mint: RandomMint, death: Death): Promise<void> => {
    const { jobId, user, units } = mint;
    const mortal = mortalDeps(deps, death);
    const order = { jobId, assetId: GOLD.assetId, userPubkey: user.pubkey, units, reserveUnits: 0n };
    const commit = async (tx: Parameters<typeof calls.open>[0]) =>
      calls.open(tx, jobId, { ...mintCallOf(jobId), request: {} });
    try {
      const progress = await mintAsset(mortal, order, { guard, commit });
      if (progress.kind === "minted") mint.end = "minted";
      else await driveAssetPayout(mortal, { kind: "mint", businessId: jobId }, { guard });
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === "not_ready") waits++;
      // Stock may come back to a mint; the reserve it was refused for does not have to.
      if (thrown instanceof AppError && thrown.code === "reserve_insufficient") mint.end = "refused";
      throw thrown;
    }
  };
  return {
    mints,
    supplies: deps.supplies,
    waits: (): number => waits,
    order: (user: TestKey, units: bigint): RandomMint => {
      const mint: RandomMint = { jobId: deps.random.uuid(), user, units, end: undefined };
      mints.push(mint);
      return mint;
    },
    drive: async (mint: RandomMint, death: Death): Promise<void> => {
      if (mint.end === undefined) await drive(mint, death);
    },
    /** Every one of them is minted, or refused for good. One may wait for the change of another. */
    settle: async (): Promise<void> => {
      const open = () => mints.filter(({ end }) => end === undefined);
      for (let turn = 0; open().length > 0; turn++) {
        if (turn >= TURNS_MAX) throw new Error(`${open().length} mints do not end`);
        for (const mint of open()) {
          await drive(mint, { crashAt: null, after: false }).catch((thrown: unknown) => {
            if (!(thrown instanceof AppError) || thrown.code === "internal_error") throw thrown;
            if (thrown.code === "inventory_exhausted" || thrown.code === "supply_exceeded") mint.end = "refused";
          });
        }
        world.clock.advance(31_000);
      }
    },
  };
}
