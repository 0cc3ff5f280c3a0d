import type { AssetTransfer, ListTransfersResponse } from "../gen/taprpc/taprootassets";
import type { TapdCalls } from "./tapd-clients";

/** Every send of this wallet, proofs included. tapd has no pages for it. */
export async function listTransfers(calls: TapdCalls): Promise<readonly AssetTransfer[]> {
  const { transfers } = await calls.read<ListTransfersResponse>("ListTransfers", ({ assets }, ...rest) =>
    assets.listTransfers({ anchorTxid: "" }, ...rest),
  );
  return transfers;
}
