import { BoundedMemo } from "@arkrelay/core/ark/bounded-memo";

import type { AssetWallet } from "./asset-wallet";
import { learnAsset } from "./chain-porter";
import { pieceIdOf } from "./minter";
import {
  type ProofBody,
  ProofKeys,
  type SealedProof,
  isProofFile,
  isSingleProof,
  packProofFile,
  parseProof,
  proofHash,
  unpackProofFile,
} from "./proof-envelope";
import type { Piece, UniverseLeaf } from "./rows";
import type { TapdCore } from "./tapd-core";
import { TapdError } from "./tapd-error";

/** Each proof names the one before it, so without a memo a file would sign its whole chain again for every member. */
const RAW_PROOFS_MAX = 20_000;

export interface ProofAtDepth {
  readonly proof: SealedProof;
  readonly depth: number;
  readonly count: number;
}

/** Proof files of pieces, our local universe, and what comes in by it. */
export class ProofArchive {
  readonly #keys: ProofKeys;
  #rawProofs = new BoundedMemo<Buffer>(RAW_PROOFS_MAX);

  constructor(
    private readonly core: TapdCore,
    private readonly wallet: AssetWallet,
  ) {
    this.#keys = new ProofKeys(core.seed);
  }

  /** The file of one of our pieces, spent ones included. Script keys are compared without their parity, as tapd does. */
  exportFile(assetId: string, scriptKeyX: string, outpoint: string | undefined): Buffer {
    const found = [...this.core.state.pieces.values()].filter(
      (piece) =>
        piece.assetId === assetId &&
        piece.scriptKey.slice(2) === scriptKeyX &&
        piece.height > 0 &&
        isArchived(piece) &&
        (outpoint === undefined || piece.outpoint === outpoint),
    );
    const [piece] = found;
    if (piece === undefined) throw new TapdError("unable to find proof");
    if (found.length > 1) {
      throw new TapdError("multiple proofs found with asset ID and script key, specify outpoint to disambiguate");
    }
    return this.fileOf(piece);
  }

  /** For whoever holds the piece, the outside wallet included. */
  fileOf(piece: Piece): Buffer {
    return packProofFile(this.#chainOf(piece).map((member) => this.rawProofOf(member)));
  }

  rawProofOf(piece: Piece): Buffer {
    return this.#rawProofs.getOrCompute(piece.id, () => this.#keys.seal(this.#bodyOf(piece)));
  }

  /** The newest proof of a genuine file whose pieces this node's chain has; undefined = not valid. */
  verifyFile(file: Buffer): ProofAtDepth | undefined {
    if (!isProofFile(file)) {
      throw new TapdError("invalid raw proof, expect file, not single encoded mint or transition proof");
    }
    const proofs = prefixed("unable to decode proof file: ", () => unpackProofFile(file));
    const chain = proofs.map((raw) => this.#verifyOne(raw));
    const isLinked = chain.every(
      (proof, index) => proof?.body.previous === (index === 0 ? "" : proofHash(proofs[index - 1] ?? Buffer.alloc(0))),
    );
    const last = chain.at(-1);
    return isLinked && last !== undefined ? { proof: last, depth: 0, count: chain.length } : undefined;
  }

  /** Says what a proof says, without judging it. */
  decode(raw: Buffer, depth: number): ProofAtDepth {
    if (isSingleProof(raw)) {
      return { proof: invalid("unable to decode proof: ", () => parseProof(raw)), depth: 0, count: 1 };
    }
    if (!isProofFile(raw)) {
      throw new TapdError("invalid raw proof, could not identify decoding format", "INVALID_ARGUMENT");
    }
    const proofs = invalid("unable to decode proof file: ", () => unpackProofFile(raw));
    if (depth > proofs.length - 1) {
      throw new TapdError(
        `invalid depth ${depth} is greater than latest proof index of ${proofs.length - 1}`,
        "INVALID_ARGUMENT",
      );
    }
    const wanted = proofs[proofs.length - 1 - depth] ?? Buffer.alloc(0);
    const proof = invalid("unable to decode proof file: ", () => parseProof(wanted));
    return { proof, depth, count: proofs.length };
  }

  unpack(file: Buffer): readonly Buffer[] {
    return prefixed("unable to decode proof file: ", () => unpackProofFile(file));
  }

  /** Into our universe. `key` is what the caller claims the proof to be of. */
  insertLeaf(raw: Buffer, key: Pick<UniverseLeaf, "assetId" | "outpoint" | "scriptKey">): UniverseLeaf {
    const proof = prefixed("unmarshal asset leaf: ", () => parseProof(raw));
    const { body } = proof;
    const isOfKey =
      body.outpoint === key.outpoint &&
      body.script_key.slice(2) === key.scriptKey.slice(-64) &&
      (key.assetId === body.asset_id || key.assetId === body.group_key);
    if (!isOfKey) throw new TapdError("upsert leaf: unable to verify proof: leaf key does not match the proof");
    if (this.#verifyOne(raw) === undefined) throw new TapdError("upsert leaf: unable to verify proof");
    const leaf: UniverseLeaf = {
      key: leafKeyOf(body.asset_id, body.outpoint, body.script_key),
      assetId: body.asset_id,
      outpoint: body.outpoint,
      scriptKey: body.script_key,
      proofType: body.previous === "" ? "issuance" : "transfer",
      rawProof: raw.toString("hex"),
    };
    const effect = this.core.begin();
    effect.put("leaves", leaf.key, leaf);
    // An issuance proof in the universe is how tapd gets to know an asset.
    if (leaf.proofType === "issuance") learnAsset(this.core, effect, leaf.assetId);
    effect.commit();
    return leaf;
  }

  /** A leaf that was inserted or synced, or a proof of our own. */
  findLeaf(assetIdOrGroup: string, outpoint: string, scriptKeyX: string): UniverseLeaf | undefined {
    const isMatch = (row: {
      readonly assetId: string;
      readonly outpoint: string;
      readonly scriptKey: string;
    }): boolean =>
      (row.assetId === assetIdOrGroup || this.core.state.genesis.get(row.assetId)?.groupKey === assetIdOrGroup) &&
      row.outpoint === outpoint &&
      row.scriptKey.slice(2) === scriptKeyX;
    const stored = [...this.core.state.leaves.values()].find(isMatch);
    if (stored !== undefined) return stored;
    const own = [...this.core.state.pieces.values()].find(
      (piece) => isMatch(piece) && piece.height > 0 && isArchived(piece),
    );
    return own === undefined ? undefined : this.#toLeaf(own);
  }

  /** Takes over the outside universe: issuance proofs, with `isFull` those of transfers too. Returns the new leaves. */
  syncUniverse(isFull: boolean, targets: readonly string[]): readonly UniverseLeaf[] {
    const isWanted = ({ assetId, inputs, height }: Piece): boolean => {
      const genesis = this.core.state.genesis.get(assetId);
      const isTarget = targets.length === 0 || targets.includes(assetId) || targets.includes(genesis?.groupKey ?? "");
      return height > 0 && genesis?.mintedBy === "outside" && isTarget && (isFull || inputs.length === 0);
    };
    const found = [...this.core.state.pieces.values()].filter(isWanted).map((piece) => this.#toLeaf(piece));
    const fresh = found.filter(({ key }) => !this.core.state.leaves.has(key));
    const effect = this.core.begin();
    for (const leaf of fresh) {
      effect.put("leaves", leaf.key, leaf);
      learnAsset(this.core, effect, leaf.assetId);
    }
    effect.commit();
    return fresh;
  }

  /** Our wallet takes a piece whose whole proof chain is in the universe. */
  registerTransfer(assetId: string, scriptKey: string, outpoint: string): Piece {
    if (!this.#isOurScriptKey(scriptKey)) {
      throw new TapdError(
        "error fetching script key, consider declaring it with DeclareScriptKey if it does belong to this node: script key not found",
      );
    }
    const piece = this.core.state.pieces.get(pieceIdOf(outpoint, assetId, scriptKey));
    if (piece?.isImported === true && piece.holder === "local") {
      throw new TapdError("proof already exists for this transfer");
    }
    const isComplete =
      piece !== undefined &&
      piece.height > 0 &&
      this.#chainOf(piece).every((member) => this.findLeaf(member.assetId, member.outpoint, member.scriptKey.slice(2)));
    if (!isComplete) throw new TapdError("error fetching full proof: unable to find proof");
    const imported = { ...piece, isImported: true, holder: "local" as const };
    const effect = this.core.begin();
    effect.put("pieces", piece.id, imported);
    learnAsset(this.core, effect, assetId);
    effect.commit();
    return imported;
  }

  /** After a reorg proofs name other blocks. */
  forgetSealed(): void {
    this.#rawProofs = new BoundedMemo<Buffer>(RAW_PROOFS_MAX);
  }

  declareScriptKey(scriptKey: string): void {
    const effect = this.core.begin();
    effect.put("scriptKeys", scriptKey, { scriptKey, type: "external" });
    effect.commit();
  }

  #isOurScriptKey(scriptKey: string): boolean {
    const { scriptKeys, addresses, pieces } = this.core.state;
    return (
      scriptKeys.has(scriptKey) ||
      [...addresses.values()].some((address) => address.holder === "local" && address.scriptKey === scriptKey) ||
      [...pieces.values()].some((piece) => piece.scriptKey === scriptKey && isArchived(piece))
    );
  }

  #verifyOne(raw: Buffer): SealedProof | undefined {
    const proof = parsedOrUndefined(raw);
    if (proof === undefined || !this.#keys.isGenuine(proof)) return undefined;
    const { asset_id, outpoint, script_key } = proof.body;
    const piece = this.core.state.pieces.get(pieceIdOf(outpoint, asset_id, script_key));
    return piece !== undefined && piece.height > 0 ? proof : undefined;
  }

  /** From the genesis to the piece, along its first inputs. */
  #chainOf(piece: Piece): readonly Piece[] {
    const chain = [piece];
    for (let current: Piece | undefined = piece; current !== undefined;) {
      current = this.core.state.pieces.get(current.inputs[0] ?? "");
      if (current !== undefined) chain.unshift(current);
    }
    return chain;
  }

  #bodyOf(piece: Piece): ProofBody {
    const genesis = this.wallet.genesisOf(piece.assetId);
    const before = this.core.state.pieces.get(piece.inputs[0] ?? "");
    return {
      asset_id: piece.assetId,
      genesis_point: genesis.genesisPoint,
      output_index: genesis.outputIndex,
      name: genesis.name,
      meta_hash: genesis.metaHash,
      meta_data: genesis.metaData,
      meta_type: genesis.metaType,
      asset_type: genesis.assetType,
      asset_version: genesis.assetVersion,
      decimal_display: genesis.decimalDisplay,
      group_key: genesis.groupKey,
      raw_group_key: this.core.state.groups.get(genesis.groupKey)?.rawGroupKey ?? "",
      minted_units: genesis.mintedUnits.toString(),
      amount: piece.amount.toString(),
      script_key: piece.scriptKey,
      script_key_type: piece.scriptKeyType,
      outpoint: piece.outpoint,
      anchor_sats: piece.anchorSats.toString(),
      internal_key: piece.internalKey,
      height: piece.height,
      confirmed_at: piece.confirmedAt,
      previous: before === undefined ? "" : proofHash(this.rawProofOf(before)),
      additional_inputs: Math.max(0, piece.inputs.length - 1),
    };
  }

  #toLeaf(piece: Piece): UniverseLeaf {
    return {
      key: leafKeyOf(piece.assetId, piece.outpoint, piece.scriptKey),
      assetId: piece.assetId,
      outpoint: piece.outpoint,
      scriptKey: piece.scriptKey,
      proofType: piece.inputs.length === 0 ? "issuance" : "transfer",
      rawProof: this.rawProofOf(piece).toString("hex"),
    };
  }
}

/** Our tapd keeps the proofs of what it holds or held. */
function isArchived(piece: Piece): boolean {
  return (piece.holder === "local" || piece.holder === "channel") && piece.isImported;
}

function leafKeyOf(assetId: string, outpoint: string, scriptKey: string): string {
  return `${assetId}/${outpoint}/${scriptKey}`;
}

function parsedOrUndefined(raw: Buffer): SealedProof | undefined {
  try {
    return parseProof(raw);
  } catch {
    // A damaged proof is not valid; verification has no other word for it.
    return undefined;
  }
}

function prefixed<T>(prefix: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TapdError(`${prefix}${error instanceof Error ? error.message : String(error)}`);
  }
}

function invalid<T>(prefix: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TapdError(`${prefix}${error instanceof Error ? error.message : String(error)}`, "INVALID_ARGUMENT");
  }
}
