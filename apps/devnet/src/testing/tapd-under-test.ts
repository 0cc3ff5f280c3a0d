import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";
import type { GrpcLightningNode, LndEndpoint } from "@arkrelay/daemons/lnd/grpc-lightning-node";
import { GrpcTaprootAssets, type TapdEndpoint } from "@arkrelay/daemons/tapd/grpc-taproot-assets";

import { startLndDaemon } from "../lnd/lnd-daemon";
import { type RunningTapd, aTapd } from "../tapd/testing/a-tapd";
import { endpointOf, liveEndpoint } from "./live-daemon";
import { aClientOf } from "./lnd-under-test";

export type TapdRelease = "0.7" | "0.8";

export interface TapdUnderTest {
  /** The gateway's own clients: of tapd, and of the lnd below it. */
  readonly assets: GrpcTaprootAssets;
  readonly lnd: GrpcLightningNode;
  readonly endpoint: TapdEndpoint;
  close(): Promise<void>;
}

export interface SimulatedTapd extends TapdUnderTest {
  /** What goes on around this tapd. */
  readonly world: RunningTapd;
}

/** Releases that the simulator plays; the real tapd is whatever it is. */
export const TAPD_RELEASES: readonly (TapdRelease | "live")[] =
  liveEndpoint("TAPD") === undefined ? ["0.7", "0.8"] : ["live"];

export function openTapd(release: TapdRelease | "live"): Promise<TapdUnderTest> {
  return release === "live" ? openLive() : openSimulatedTapd(release);
}

export function aTapdClient(endpoint: TapdEndpoint, lnd: GrpcLightningNode): GrpcTaprootAssets {
  return new GrpcTaprootAssets(endpoint, {
    observer: SILENT_OBSERVER,
    requestId: () => undefined,
    listAssetChannels: () => lnd.listAssetChannels(),
    listWalletTransactions: () => lnd.listRecentTransactions(),
  });
}

export async function openSimulatedTapd(version: TapdRelease): Promise<SimulatedTapd> {
  const world = await aTapd();
  world.engine.changeSettings({ version });
  const folder = mkdtempSync(join(tmpdir(), "tapd-lnd-"));
  const lndDaemon = await startLndDaemon({ engine: world.lnd, faults: world.faults }, { port: 0, folder });
  const lnd = aClientOf(endpointWith(lndDaemon));
  const endpoint = endpointWith(world.daemon);
  const assets = aTapdClient(endpoint, lnd);
  return {
    assets,
    lnd,
    endpoint,
    world,
    close: async () => {
      assets.close();
      lnd.close();
      await lndDaemon.close();
      rmSync(folder, { recursive: true });
      await world.close();
    },
  };
}

function endpointWith(daemon: {
  readonly port: number;
  readonly tlsCertFile: string;
  readonly macaroonFiles: Readonly<Record<string, string>>;
}): LndEndpoint {
  const { port, tlsCertFile, macaroonFiles } = daemon;
  return endpointOf({ port, tlsCertFile, macaroonFile: macaroonFiles["admin"] });
}

function openLive(): Promise<TapdUnderTest> {
  const endpoint = liveEndpoint("TAPD");
  const lndEndpoint = liveEndpoint("LND");
  if (endpoint === undefined || lndEndpoint === undefined) throw new Error("CONTRACT_TAPD or CONTRACT_LND is not set");
  const lnd = aClientOf(lndEndpoint);
  const assets = aTapdClient(endpoint, lnd);
  return Promise.resolve({
    assets,
    lnd,
    endpoint,
    close: () => {
      assets.close();
      lnd.close();
      return Promise.resolve();
    },
  });
}
