import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { SILENT_OBSERVER } from "../daemon-observer";
import { Channel } from "../gen/lnrpc/lightning";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedLnd } from "../testing/scripted-lnd";
import { GrpcLightningNode } from "./grpc-lightning-node";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-lnd-"));
const GOLD = "01".repeat(32);

let lnd: ScriptedDaemon;
let node: GrpcLightningNode;

beforeAll(async () => {
  lnd = await startScriptedLnd(folder);
  node = new GrpcLightningNode(lnd.endpoint, { observer: SILENT_OBSERVER, requestId: () => undefined });
});

afterAll(() => {
  node.close();
  lnd.stop();
  rmSync(folder, { recursive: true });
});

test("channels with assets are told from ordinary ones, and their units are exact", async () => {
  const tranche = `{"asset_id":"${GOLD}","amount":9007199254740993}`;
  const asset = `{
    "funding_assets":[{"version":0,"asset_genesis":{"asset_id":"${GOLD}"},"amount":9007199254740999}],
    "local_assets":[${tranche}],"remote_assets":null,"outgoing_htlcs":[{"asset_id":"${GOLD}","amount":4}],"incoming_htlcs":null
  }`;
  const channel = (data: string) =>
    Channel.fromPartial({ remotePubkey: "02ab", active: true, customChannelData: Buffer.from(data) });
  lnd.answer("ListChannels", () => ({
    channels: [channel(""), channel("\u0001\u0008tlv"), channel("{}"), channel(asset)],
  }));
  await expect(node.listAssetChannels()).resolves.toEqual([
    {
      peerPubkey: "02ab",
      isActive: true,
      assetIds: [GOLD],
      localUnits: new Map([[GOLD, 9_007_199_254_740_993n]]),
      outgoingUnits: new Map([[GOLD, 4n]]),
    },
  ]);
});
