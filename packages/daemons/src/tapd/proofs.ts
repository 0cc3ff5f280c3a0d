import { assert } from "@arkrelay/core/errors";
import type { DecodedAssetProof, ProofRequest } from "@arkrelay/core/ports/taproot-assets";

import {
  type DecodedProof,
  DecodeProofRequest,
  type DecodeProofResponse,
  type ProofFile,
  type RegisterTransferResponse,
  type UnpackProofFileResponse,
  type VerifyProofResponse,
} from "../gen/taprpc/taprootassets";
import { type AssetProofResponse, type ID, ProofType } from "../gen/universerpc/universe";
import { rejectionName } from "../rejection-name";
import { fromHex, toHex } from "../wire-bytes";
import { assetIdOf } from "./asset-pieces";
import { toOutPoint } from "./outpoint";
import type { TapdCalls } from "./tapd-clients";

/** Checking a long file asks the chain for each of its blocks. */
const VERIFY_TIMEOUT_MS = 60_000;

/** Proofs of tapd: a file is the chain of single proofs from the genesis of an asset to one piece of it. */
export class TapdProofs {
  constructor(private readonly calls: TapdCalls) {}

  async export({ assetId, scriptKey, outpoint }: ProofRequest): Promise<Uint8Array> {
    const request = {
      assetId: fromHex(assetId),
      scriptKey: fromHex(scriptKey),
      outpoint: outpoint === undefined ? undefined : toOutPoint(outpoint),
    };
    const { rawProofFile } = await this.calls.read<ProofFile>("ExportProof", ({ assets }, ...rest) =>
      assets.exportProof(request, ...rest),
    );
    return rawProofFile;
  }

  async get(request: ProofRequest): Promise<DecodedAssetProof> {
    return toDecodedProof(await this.decode(await this.export(request)));
  }

  async verify(
    rawProofFile: Uint8Array,
  ): Promise<{ readonly isValid: boolean; readonly proof: DecodedAssetProof | undefined }> {
    const request = { rawProofFile: Buffer.from(rawProofFile), genesisPoint: "" };
    try {
      const { valid, decodedProof } = await this.calls.read<VerifyProofResponse>(
        "VerifyProof",
        ({ assets }, ...rest) => assets.verifyProof(request, ...rest),
        { timeoutMs: VERIFY_TIMEOUT_MS },
      );
      return { isValid: valid, proof: decodedProof === undefined ? undefined : toDecodedProof(decodedProof) };
    } catch (thrown) {
      // tapd answers an invalid proof, but refuses what is no proof file at all.
      if (rejectionName(thrown) !== "proof_malformed") throw thrown;
      return { isValid: false, proof: undefined };
    }
  }

  async import(rawProofFile: Uint8Array): Promise<void> {
    const request = { rawProofFile: Buffer.from(rawProofFile) };
    const { rawProofs } = await this.calls.read<UnpackProofFileResponse>("UnpackProofFile", ({ assets }, ...rest) =>
      assets.unpackProofFile(request, ...rest),
    );
    let newest: DecodedProof | undefined;
    for (const [index, rawProof] of rawProofs.entries()) {
      newest = await this.decode(rawProof);
      await this.insert(rawProof, newest, index === 0 ? ProofType.PROOF_TYPE_ISSUANCE : ProofType.PROOF_TYPE_TRANSFER);
    }
    if (newest !== undefined) await this.register(newest);
  }

  private async decode(rawProof: Uint8Array): Promise<DecodedProof> {
    const request = DecodeProofRequest.fromPartial({ rawProof: Buffer.from(rawProof) });
    const { decodedProof } = await this.calls.read<DecodeProofResponse>("DecodeProof", ({ assets }, ...rest) =>
      assets.decodeProof(request, ...rest),
    );
    assert(decodedProof !== undefined, "tapd decodes a proof or refuses it");
    return decodedProof;
  }

  private async insert(rawProof: Buffer, decoded: DecodedProof, proofType: ProofType): Promise<void> {
    const { asset, groupKey, outpoint } = locate(decoded);
    const id: ID["id"] =
      groupKey.length === 0
        ? { $case: "assetId", value: fromHex(assetIdOf(asset)) }
        : { $case: "groupKey", value: groupKey };
    const key = {
      id: { id, proofType },
      leafKey: {
        outpoint: { $case: "opStr" as const, value: outpoint },
        scriptKey: { $case: "scriptKeyBytes" as const, value: asset.scriptKey },
      },
    };
    await this.calls.write<AssetProofResponse>("InsertProof", ({ universe }, ...rest) =>
      universe.insertProof({ key, assetLeaf: { asset: undefined, proof: rawProof } }, ...rest),
    );
  }

  private async register(decoded: DecodedProof): Promise<void> {
    const { asset, groupKey, outpoint } = locate(decoded);
    const request = {
      assetId: fromHex(assetIdOf(asset)),
      groupKey,
      scriptKey: asset.scriptKey,
      outpoint: toOutPoint(outpoint),
    };
    try {
      await this.calls.write<RegisterTransferResponse>("RegisterTransfer", ({ assets }, ...rest) =>
        assets.registerTransfer(request, ...rest),
      );
    } catch (thrown) {
      if (rejectionName(thrown) !== "transfer_exists") throw thrown;
    }
  }
}

function locate({ asset }: DecodedProof) {
  assert(asset?.chainAnchor !== undefined, "a proof names its asset and where it is anchored");
  const groupKey = asset.assetGroup?.tweakedGroupKey ?? Buffer.alloc(0);
  return { asset, groupKey, outpoint: asset.chainAnchor.anchorOutpoint };
}

function toDecodedProof(decoded: DecodedProof): DecodedAssetProof {
  const { asset, outpoint } = locate(decoded);
  return {
    assetId: assetIdOf(asset),
    name: asset.assetGenesis?.name ?? "",
    amountUnits: asset.amount,
    scriptKey: toHex(asset.scriptKey),
    outpoint,
    numberOfProofs: decoded.numberOfProofs,
    isBurn: decoded.isBurn,
  };
}
