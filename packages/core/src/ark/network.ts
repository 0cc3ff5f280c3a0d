/** The chains the gateway runs on, as in BITCOIN_NETWORK and in `intent.network`. */
export type BitcoinNetwork = "mainnet" | "testnet" | "signet" | "regtest";

/** Human-readable part of an Ark address. */
export function arkAddressPrefix(network: BitcoinNetwork): "ark" | "tark" {
  return network === "mainnet" ? "ark" : "tark";
}

/** arkd's name of a network (GetInfo.network) as ours; undefined for a chain we do not run on. */
export function fromArkdNetwork(name: string): BitcoinNetwork | undefined {
  switch (name) {
    case "bitcoin":
    case "mainnet":
      return "mainnet";
    case "testnet":
    case "signet":
    case "regtest":
      return name;
    // Mutinynet is a signet with faster blocks; arkd names it apart, its addresses are the same.
    case "mutinynet":
      return "signet";
    default:
      return undefined;
  }
}
