import type {
  DeclareScriptKeyRequest,
  DeclareScriptKeyResponse,
} from "@arkrelay/daemons/proto/assetwalletrpc/assetwallet";
import {
  type DecodeProofRequest,
  type DecodeProofResponse,
  type ExportProofRequest,
  type ProofFile,
  type RegisterTransferRequest,
  type RegisterTransferResponse,
  ScriptKeyType,
  type UnpackProofFileRequest,
  type UnpackProofFileResponse,
  type VerifyProofResponse,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readAssetId, readOutpoint, readPubkey } from "./read-request";
import { toWireAsset } from "./wire-asset";
import { toWireProof } from "./wire-proof";

/** Proof files: out, checked, read, and in again. */
export function proofCalls(engine: TapdEngine) {
  const { proofs } = engine;
  return {
    exportProof: (request: ExportProofRequest): ProofFile => {
      if (request.scriptKey.length === 0) {
        throw new TapdError("a valid script key must be specified", "INVALID_ARGUMENT");
      }
      const scriptKeyX = readUserKey(request.scriptKey);
      const assetId = readAssetId(request.assetId, "INVALID_ARGUMENT");
      const { outpoint } = request;
      const wanted = outpoint === undefined ? undefined : invalid(() => readOutpoint(outpoint));
      return { rawProofFile: proofs.exportFile(assetId, scriptKeyX, wanted), genesisPoint: "" };
    },
    verifyProof: ({ rawProofFile }: ProofFile): VerifyProofResponse => {
      const verified = proofs.verifyFile(rawProofFile);
      // Only a valid file is decoded.
      if (verified === undefined) return { valid: false, decodedProof: undefined };
      return { valid: true, decodedProof: toWireProof(engine, verified, false) };
    },
    decodeProof: ({ rawProof, proofAtDepth, withMetaReveal }: DecodeProofRequest): DecodeProofResponse => ({
      decodedProof: toWireProof(engine, proofs.decode(rawProof, proofAtDepth), withMetaReveal),
    }),
    unpackProofFile: ({ rawProofFile }: UnpackProofFileRequest): UnpackProofFileResponse => ({
      rawProofs: [...proofs.unpack(rawProofFile)],
    }),
    registerTransfer: (request: RegisterTransferRequest): RegisterTransferResponse => {
      const { assetId, scriptKey, outpoint } = readRegistration(request);
      const piece = proofs.registerTransfer(assetId, scriptKey, outpoint);
      return { registeredAsset: toWireAsset(engine, piece) };
    },
  };
}

/** AssetWallet, as far as an import needs it. */
export function scriptKeyCalls({ proofs }: TapdEngine) {
  return {
    declareScriptKey: ({ scriptKey }: DeclareScriptKeyRequest): DeclareScriptKeyResponse => {
      if (scriptKey === undefined) throw new TapdError("error unmarshalling script key: script key cannot be nil");
      const key = readPubkey(scriptKey.pubKey, "error unmarshalling script key");
      const isGuessable = scriptKey.keyDesc !== undefined && scriptKey.tapTweak.length === 0;
      if (scriptKey.type === ScriptKeyType.SCRIPT_KEY_UNKNOWN && !isGuessable) {
        throw new TapdError("script key type must be set");
      }
      proofs.declareScriptKey(key);
      return { scriptKey };
    },
  };
}

/** 33 bytes, or 32 without the parity, which is ignored either way. */
function readUserKey(bytes: Buffer): string {
  if (bytes.length === 32) return bytes.toString("hex");
  return invalid(() => readPubkey(bytes, "invalid script key")).slice(2);
}

function readRegistration(request: RegisterTransferRequest): {
  readonly assetId: string;
  readonly scriptKey: string;
  readonly outpoint: string;
} {
  const { assetId, groupKey, scriptKey, outpoint } = request;
  if (assetId.length === 0) throw new TapdError("asset ID must be specified");
  if (assetId.length !== 32) throw new TapdError(`asset ID must be 32 bytes, was ${assetId.length}`);
  if (groupKey.length > 0 && groupKey.length !== 33) {
    throw new TapdError(`group key must be 33 bytes, was ${groupKey.length}`);
  }
  if (scriptKey.length === 0) throw new TapdError("script key must be specified");
  if (scriptKey.length !== 33) throw new TapdError(`script key must be 33 bytes, was ${scriptKey.length}`);
  if (outpoint === undefined) throw new TapdError("outpoint must be specified");
  return {
    assetId: assetId.toString("hex"),
    scriptKey: readPubkey(scriptKey, "error parsing script key"),
    outpoint: readOutpoint(outpoint),
  };
}

function invalid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TapdError) throw new TapdError(error.message, "INVALID_ARGUMENT");
    throw error;
  }
}
