import { ArkAddress } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { AppError } from "../errors";
import { isValidXOnly } from "../schnorr";
import { arkAddressPrefix, type BitcoinNetwork } from "./network";

/** What a bech32m Ark address says. It does not show the owner's key. */
export interface ArkAddressParts {
  /** x-only, 64 hex. */
  readonly signerPubkey: string;
  /** Output script, hex (5120…). */
  readonly script: string;
}

/** Throws `invalid_request` naming `path`: not an Ark address, another version, another network, or an unspendable key. */
export function parseArkAddress(address: string, network: BitcoinNetwork, path: string): ArkAddressParts {
  const decoded = decodeAddress(address);
  if (decoded === undefined || decoded.version !== 0) throw refused(path, "Not an Ark address of version 0.");
  if (decoded.hrp !== arkAddressPrefix(network)) throw refused(path, `Not an address of ${network}.`);
  if (!isValidXOnly(hex.encode(decoded.vtxoTaprootKey))) throw refused(path, "The address cannot be spent from.");
  return { signerPubkey: hex.encode(decoded.serverPubKey), script: hex.encode(decoded.pkScript) };
}

/** The Ark address of a taproot output script (5120…) under a signer. */
export function toArkAddress(parts: ArkAddressParts, network: BitcoinNetwork): string {
  const outputKey = hex.decode(parts.script.slice(4));
  return new ArkAddress(hex.decode(parts.signerPubkey), outputKey, arkAddressPrefix(network)).encode();
}

function decodeAddress(address: string): ArkAddress | undefined {
  try {
    return ArkAddress.decode(address);
  } catch {
    return undefined;
  }
}

function refused(path: string, message: string): AppError {
  return new AppError("invalid_request", { errors: [{ path, code: "ark_address", message }] });
}
