import { AppError } from "@arkrelay/core/errors";
import { invalidField } from "@arkrelay/core/http/request-error";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

interface AmountFields {
  readonly amount_sats?: number | undefined;
  readonly amount?: number | undefined;
}

/** Base units of the asset. Sats are an amount of gBTC only; when both forms are sent they must say the same. */
export function readLightningAmount(assetId: string, body: AmountFields): bigint {
  const { amount_sats: sats, amount } = body;
  if (sats !== undefined && assetId !== GBTC) throw badAmount("amount_sats", `${assetId} has units, sent as amount`);
  const units = amount ?? sats;
  if (units === undefined) {
    throw invalidField(assetId === GBTC ? "amount_sats" : "amount", "is needed", "required");
  }
  if (sats !== undefined && sats !== units) throw badAmount("amount_sats", "differs from amount");
  return BigInt(units);
}

function badAmount(path: string, message: string): AppError {
  return new AppError("invalid_amount", {
    message: `${path}: ${message}`,
    errors: [{ path, code: "invalid_amount", message }],
  });
}
