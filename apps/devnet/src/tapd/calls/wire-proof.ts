import type { Asset, DecodedProof } from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { fromHex } from "../../lnd/calls/wire-bytes";
import type { ProofAtDepth } from "../engine/proof-archive";
import type { ProofBody } from "../engine/proof-envelope";
import type { TapdEngine } from "../engine/tapd-engine";
import { WIRE_SCRIPT_KEY_TYPES, toWireAssetType, toWireAssetVersion, toWireMetaType } from "./wire-asset";

/** Everything comes from the proof itself: it may be of an asset nobody here knows. */
export function toWireProof(
  engine: TapdEngine,
  { proof, depth, count }: ProofAtDepth,
  withMeta: boolean,
): DecodedProof {
  const { body } = proof;
  const asset = toAsset(engine, body);
  return {
    proofAtDepth: depth,
    numberOfProofs: count,
    asset,
    metaReveal: withMeta
      ? { data: fromHex(body.meta_data), type: toWireMetaType(body.meta_type), metaHash: fromHex(body.meta_hash) }
      : undefined,
    numAdditionalInputs: body.additional_inputs,
    isBurn: asset.isBurn,
    genesisReveal: body.previous === "" ? { genesisBaseReveal: asset.assetGenesis } : undefined,
    groupKeyReveal:
      body.previous === "" && body.group_key !== ""
        ? { rawGroupKey: fromHex(body.raw_group_key), tapscriptRoot: Buffer.alloc(0) }
        : undefined,
  };
}

function toAsset(engine: TapdEngine, body: ProofBody): Asset {
  return {
    version: toWireAssetVersion(body.asset_version),
    assetGenesis: {
      genesisPoint: body.genesis_point,
      name: body.name,
      metaHash: fromHex(body.meta_hash),
      assetId: fromHex(body.asset_id),
      assetType: toWireAssetType(body.asset_type),
      outputIndex: body.output_index,
    },
    amount: BigInt(body.amount),
    lockTime: 0,
    relativeLockTime: 0,
    scriptKey: fromHex(body.script_key),
    scriptKeyIsLocal: false,
    assetGroup:
      body.group_key === ""
        ? undefined
        : {
            rawGroupKey: fromHex(body.raw_group_key),
            tweakedGroupKey: fromHex(body.group_key),
            assetWitness: Buffer.alloc(0),
            tapscriptRoot: Buffer.alloc(0),
          },
    chainAnchor: {
      anchorTx: Buffer.alloc(0),
      anchorBlockHash: body.height > 0 && body.height <= engine.lnd.height ? engine.facts.blockHash(body.height) : "",
      anchorOutpoint: body.outpoint,
      internalKey: fromHex(body.internal_key),
      merkleRoot: Buffer.alloc(0),
      tapscriptSibling: Buffer.alloc(0),
      blockHeight: body.height,
      blockTimestamp: BigInt(body.confirmed_at),
    },
    isSpent: false,
    leaseOwner: Buffer.alloc(0),
    leaseExpiry: 0n,
    isBurn: body.script_key_type === "burn",
    decimalDisplay: { decimalDisplay: body.decimal_display },
    scriptKeyType: WIRE_SCRIPT_KEY_TYPES[body.script_key_type],
  };
}
