import type { GetVtxosRequest } from "@arkrelay/daemons/proto/ark/v1/indexer";

import { PlainStatusError } from "../engine/arkd-error";
import type { ArkdState } from "../engine/arkd-state";
import { type Vtxo, isSpendable, isSpent } from "../engine/vtxo";

const SCRIPT = /^5120[0-9a-f]{64}$/;
const OUTPOINT = /^[0-9a-f]{64}:\d{1,6}$/;

/** GetVtxos by arkd's rules: scripts or outpoints, at most one flag and only with scripts; unknown outpoints are left out. */
export function selectVtxos(state: ArkdState, request: GetVtxosRequest): readonly Vtxo[] {
  checkRequest(request);
  const found =
    request.scripts.length > 0
      ? [...new Set(request.scripts)].flatMap((script) => state.vtxosOfScript(script))
      : [...new Set(request.outpoints)].flatMap((vtxoId) => state.vtxos.get(vtxoId) ?? []);
  return found.filter((vtxo) => hasFlag(state, request, vtxo) && isWithin(request, vtxo)).toSorted(byAge);
}

function checkRequest(request: GetVtxosRequest): void {
  const { scripts, outpoints } = request;
  if (scripts.length === 0 && outpoints.length === 0) invalid("missing scripts or outpoints");
  if (scripts.length > 0 && outpoints.length > 0) invalid("scripts and outpoints are mutually exclusive");
  const wrong =
    scripts.find((script) => !SCRIPT.test(script)) ?? outpoints.find((outpoint) => !OUTPOINT.test(outpoint));
  if (wrong !== undefined) invalid(`invalid ${scripts.length > 0 ? "script" : "outpoint"} ${wrong}`);
  const flags = [
    request.spendableOnly,
    request.spentOnly,
    request.recoverableOnly,
    request.pendingOnly,
    request.renewableOnly,
  ];
  const flagCount = flags.filter(Boolean).length;
  if (flagCount > 1) {
    invalid("spendable_only, spent_only, recoverable_only, pending_only and renewable_only are mutually exclusive");
  }
  if (flagCount > 0 && outpoints.length > 0) invalid("filters are only allowed with scripts");
  if (request.after < 0n || request.before < 0n) invalid("after and before must not be negative");
  if (request.before > 0n && request.before <= request.after) invalid("before must be greater than after");
}

function invalid(why: string): never {
  throw new PlainStatusError("INVALID_ARGUMENT", why);
}

function hasFlag(state: ArkdState, request: GetVtxosRequest, vtxo: Vtxo): boolean {
  if (request.spendableOnly) return isSpendable(vtxo);
  if (request.spentOnly) return isSpent(vtxo);
  if (request.recoverableOnly) return vtxo.isSwept && !isSpent(vtxo) && !vtxo.isUnrolled;
  // Spent by a transfer whose outputs do not exist yet.
  if (request.pendingOnly) return state.isPending(vtxo);
  // What a batch would still take: live or swept.
  if (request.renewableOnly) return !isSpent(vtxo) && !vtxo.isUnrolled;
  return true;
}

/** Both ends inclusive, in milliseconds of the last change. */
function isWithin(request: GetVtxosRequest, vtxo: Vtxo): boolean {
  const changedAt = BigInt(vtxo.updatedAtMs);
  return changedAt >= request.after && (request.before === 0n || changedAt <= request.before);
}

/** A stable order, so that pages do not overlap. */
function byAge(left: Vtxo, right: Vtxo): number {
  return left.createdAt - right.createdAt || (left.vtxoId < right.vtxoId ? -1 : 1);
}
