import { Address, NETWORK, OutScript, TEST_NETWORK } from "@scure/btc-signer";

import { AppError } from "../errors";
import type { BitcoinNetwork } from "./network";

const NETWORKS = {
  mainnet: NETWORK,
  testnet: TEST_NETWORK,
  signet: TEST_NETWORK,
  regtest: { ...TEST_NETWORK, bech32: "bcrt" },
} as const satisfies Record<BitcoinNetwork, typeof NETWORK>;

/** Output script of an on-chain address of a network. Throws `payload_mismatch` for what is none. */
export function onchainScriptOf(address: string, network: BitcoinNetwork): Uint8Array {
  try {
    return OutScript.encode(Address(NETWORKS[network]).decode(address));
  } catch (cause) {
    throw new AppError("payload_mismatch", { message: "Not an address of this network", details: { address }, cause });
  }
}
