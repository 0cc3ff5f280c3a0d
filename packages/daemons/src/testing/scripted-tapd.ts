import { MintService } from "../gen/mintrpc/mint";
import { RfqService } from "../gen/rfqrpc/rfq";
import { TaprootAssetChannelsService } from "../gen/tapchannelrpc/tapchannel";
import { TaprootAssetsService } from "../gen/taprpc/taprootassets";
import { UniverseService } from "../gen/universerpc/universe";
import { ScriptedDaemon } from "./scripted-daemon";

/** tapd on regtest, which knows nothing more until a test says so. */
export async function startScriptedTapd(folder: string): Promise<ScriptedDaemon> {
  const tapd = new ScriptedDaemon(folder, [
    TaprootAssetsService,
    MintService,
    UniverseService,
    TaprootAssetChannelsService,
    RfqService,
  ]);
  tapd.answer("GetInfo", () => ({ version: "0.8.1-alpha", network: "regtest", syncToChain: true }));
  await tapd.start();
  return tapd;
}
