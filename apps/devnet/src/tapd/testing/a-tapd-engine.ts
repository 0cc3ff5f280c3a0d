import type { VirtualClock } from "../../clock/virtual-clock";
import type { LndEngine } from "../../lnd/engine/lnd-engine";
import { type EngineWorld, anLndEngine } from "../../lnd/testing/an-lnd-engine";
import { type NewAsset, plainAsset } from "../engine/check-new-asset";
import type { TapdFaults } from "../engine/tapd-core";
import { TapdEngine } from "../engine/tapd-engine";
import { type TapdRecord, fromJournalLine, toJournalLine } from "../engine/tapd-record";
import { TapdState } from "../engine/tapd-state";
import { lndFactsOf } from "../lnd-facts-of";

/** Faults as a test switches them. */
export class SwitchedFaults implements TapdFaults {
  isCourierBroken = false;
  frozenBatches = 0;
  expiredQuotes = 0;

  isCourierDown(): boolean {
    return this.isCourierBroken;
  }

  takeBatchFrozen(): boolean {
    this.frozenBatches -= 1;
    return this.frozenBatches >= 0;
  }

  takeQuoteExpired(): boolean {
    this.expiredQuotes -= 1;
    return this.expiredQuotes >= 0;
  }
}

export interface TapdWorld {
  readonly tapd: TapdEngine;
  readonly lnd: LndEngine;
  readonly clock: VirtualClock;
  readonly faults: SwitchedFaults;
  /** What the journal has, as it would be read again. */
  readonly lines: unknown[];
  readonly lndWorld: EngineWorld;
  /** Blocks for everybody. */
  mine(blocks: number): void;
}

/** tapd on its lnd, both on a fixed clock; or resumed from the journal of another one, on the same lnd. */
export function aTapdEngine(resumed?: TapdWorld): TapdWorld {
  const lndWorld = resumed?.lndWorld ?? anLndEngine();
  const { engine: lnd, clock } = lndWorld;
  const lines: unknown[] = [...(resumed?.lines ?? [])];
  const state = new TapdState();
  for (const line of lines) state.apply(fromJournalLine(line));
  const faults = new SwitchedFaults();
  const append = (record: TapdRecord): void => void lines.push(toJournalLine(record));
  const tapd = new TapdEngine({ seed: "test", state, clock, lnd, facts: lndFactsOf(lnd), faults, append });
  return { tapd, lnd, clock, faults, lines, lndWorld, mine: (blocks) => lnd.syncToHeight(lnd.height + blocks) };
}

export function aNewAsset(change: Partial<NewAsset> = {}): NewAsset {
  return { ...plainAsset("gold", 1_000n), ...change };
}

/** Mints and confirms; returns the asset id. */
export function mintAsset(world: Pick<TapdWorld, "tapd" | "mine">, change: Partial<NewAsset> = {}): string {
  const asset = aNewAsset(change);
  world.tapd.minter.queue(asset);
  const { txid } = world.tapd.minter.finalize(0);
  world.mine(1);
  const piece = world.tapd.wallet
    .listPieces({ includeSpent: false })
    .find(
      ({ outpoint, assetId }) => outpoint.startsWith(txid) && world.tapd.wallet.genesisOf(assetId).name === asset.name,
    );
  if (piece === undefined) throw new Error(`${asset.name} was not minted`);
  return piece.assetId;
}

export function sendTo(world: TapdWorld, encoded: string, label = "", amount = 0n) {
  return world.tapd.sendAsset({ recipients: [{ encoded, amount }], feeRateSatPerKw: 0, label, isPingSkipped: false });
}

/** Units our tapd may spend. */
export function balanceOf(world: TapdWorld, assetId: string): bigint {
  return world.tapd.wallet.balancesByAsset({ assetId }).get(assetId) ?? 0n;
}
