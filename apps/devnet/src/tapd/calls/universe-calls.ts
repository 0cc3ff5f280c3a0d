import {
  type AssetKey,
  type AssetProof,
  type AssetProofResponse,
  type ID,
  ProofType,
  type SyncRequest,
  type SyncResponse,
  UniverseSyncMode,
  type UniverseKey,
  type UniverseRoot,
} from "@arkrelay/daemons/proto/universerpc/universe";

import { fromHex } from "../../lnd/calls/wire-bytes";
import { parseProof } from "../engine/proof-envelope";
import type { UniverseLeaf } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readHex } from "./read-request";
import { toWireProof } from "./wire-proof";

interface LeafKey {
  /** Asset id, or group key. */
  readonly assetId: string;
  readonly outpoint: string;
  /** x-only. */
  readonly scriptKey: string;
}

/** Our universe server: proofs by themselves, without any wallet. */
export function universeCalls(engine: TapdEngine) {
  return {
    queryProof: (request: UniverseKey): AssetProofResponse => {
      const key = readUniverseKey(request);
      const leaf = engine.proofs.findLeaf(key.assetId, key.outpoint, key.scriptKey);
      if (leaf === undefined || !isOfType(leaf, request.id)) {
        throw new TapdError(`query proof (uni=${key.assetId}): no universe proof found`);
      }
      return toProofResponse(engine, request, leaf);
    },
    insertProof: ({ key, assetLeaf }: AssetProof): AssetProofResponse => {
      const leafKey = readUniverseKey(key);
      if (assetLeaf === undefined) throw new TapdError("unmarshal asset leaf: asset leaf is nil");
      const leaf = engine.proofs.insertLeaf(assetLeaf.proof, leafKey);
      return toProofResponse(engine, key, leaf);
    },
    syncUniverse: (request: SyncRequest): SyncResponse => {
      if (engine.isUniverseDown()) {
        throw new TapdError(`sync from ${request.universeHost}: unable to connect: connection refused`);
      }
      const targets = request.syncTargets.map(({ id }) => readId(id));
      const leaves = engine.proofs.syncUniverse(request.syncMode === UniverseSyncMode.SYNC_FULL, targets);
      const assetIds = [...new Set(leaves.map(({ assetId }) => assetId))];
      return {
        syncedUniverses: assetIds.map((assetId) => ({
          oldAssetRoot: undefined,
          newAssetRoot: toRoot(engine, assetId, "issuance"),
          newAssetLeaves: leaves.filter((leaf) => leaf.assetId === assetId).map((leaf) => toWireLeaf(engine, leaf)),
        })),
      };
    },
  };
}

function readUniverseKey(key: UniverseKey | undefined): LeafKey {
  if (key === undefined) throw new TapdError("unmarshal universe key: universe key cannot be nil");
  return { assetId: readId(key.id), ...readLeafKey(key.leafKey) };
}

function readId(id: ID | undefined): string {
  const value = id?.id;
  if (value === undefined) throw new TapdError("unmarshal universe key: id must be set");
  const bytes = typeof value.value === "string" ? readHex(value.value, "unmarshal universe key") : value.value;
  const isAsset = value.$case === "assetId" || value.$case === "assetIdStr";
  if (isAsset && bytes.length !== 32) throw new TapdError("unmarshal universe key: asset ID must be 32 bytes");
  return bytes.toString("hex");
}

function readLeafKey(key: AssetKey | undefined): Pick<LeafKey, "outpoint" | "scriptKey"> {
  if (key?.outpoint === undefined) throw new TapdError("unmarshal universe key: outpoint not set");
  if (key.scriptKey === undefined) throw new TapdError("unmarshal universe key: script key not set");
  const { outpoint, scriptKey } = key;
  const text = outpoint.$case === "opStr" ? outpoint.value : `${outpoint.value.hashStr}:${outpoint.value.index}`;
  const bytes =
    typeof scriptKey.value === "string" ? readHex(scriptKey.value, "unmarshal universe key") : scriptKey.value;
  return { outpoint: text, scriptKey: bytes.toString("hex").slice(-64) };
}

function isOfType(leaf: UniverseLeaf, id: ID | undefined): boolean {
  const type = id?.proofType ?? ProofType.PROOF_TYPE_UNSPECIFIED;
  return type === ProofType.PROOF_TYPE_UNSPECIFIED || type === PROOF_TYPES[leaf.proofType];
}

const PROOF_TYPES = {
  issuance: ProofType.PROOF_TYPE_ISSUANCE,
  transfer: ProofType.PROOF_TYPE_TRANSFER,
} as const;

function toProofResponse(engine: TapdEngine, req: UniverseKey | undefined, leaf: UniverseLeaf): AssetProofResponse {
  return {
    req,
    universeRoot: toRoot(engine, leaf.assetId, leaf.proofType),
    // There is no Merkle sum tree here to prove inclusion in.
    universeInclusionProof: Buffer.alloc(0),
    assetLeaf: toWireLeaf(engine, leaf),
  };
}

function toWireLeaf(engine: TapdEngine, { rawProof }: UniverseLeaf): AssetProofResponse["assetLeaf"] & object {
  const proof = fromHex(rawProof);
  const { asset } = toWireProof(engine, { proof: parseProof(proof), depth: 0, count: 1 }, false);
  return { asset, proof };
}

function toRoot(engine: TapdEngine, assetId: string, proofType: UniverseLeaf["proofType"]): UniverseRoot {
  const genesis = engine.wallet.genesisOf(assetId);
  const id: ID["id"] =
    genesis.groupKey === ""
      ? { $case: "assetId", value: fromHex(assetId) }
      : { $case: "groupKey", value: fromHex(genesis.groupKey) };
  return {
    id: { id, proofType: PROOF_TYPES[proofType] },
    mssmtRoot: undefined,
    assetName: genesis.name,
    amountsByAssetId: { [assetId]: genesis.mintedUnits },
  };
}
