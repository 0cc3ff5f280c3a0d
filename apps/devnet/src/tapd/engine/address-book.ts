import type { AssetWallet } from "./asset-wallet";
import type { AssetSpecifier, TapAddress } from "./rows";
import { decodeTapAddress, encodeTapAddress, taprootOutputKeyOf } from "./tap-address";
import type { TapdCore } from "./tapd-core";
import { TapdError } from "./tapd-error";

export interface NewAddress extends AssetSpecifier {
  readonly amount: bigint;
  /** "" = tapd's default. */
  readonly courierAddr: string;
  readonly assetVersion: number;
  /** undefined = V1 for an asset, V2 for a group. */
  readonly addressVersion: number | undefined;
  readonly isCourierCheckSkipped: boolean;
}

/** Like the real daemon's, an address names one asset (or group) and may be paid more than once. */
export class AddressBook {
  constructor(
    private readonly core: TapdCore,
    private readonly wallet: AssetWallet,
    private readonly network: string,
  ) {}

  create(request: NewAddress, holder: TapAddress["holder"]): TapAddress {
    const courier = this.#courierOf(request);
    const genesis = this.#genesisFor(request, holder);
    const addressVersion = request.addressVersion ?? (request.groupKey === "" ? 1 : 2);
    if (request.amount === 0n && addressVersion < 2) {
      throw new TapdError(
        "unable to make new addr: address: zero amount cannot be used for normal asset addresses of V0 or V1",
      );
    }
    if (genesis.assetType === "collectible" && request.amount !== 1n) {
      throw new TapdError("unable to make new addr: address: collectible asset amount not one");
    }
    const effect = this.core.begin();
    const content = {
      assetId: genesis.assetId,
      groupKey: request.groupKey === "" && addressVersion < 2 ? "" : genesis.groupKey,
      amount: request.amount,
      isCollectible: genesis.assetType === "collectible",
      scriptKey: effect.nextScriptKey(),
      internalKey: effect.nextPubkey(),
      courierAddr: courierFor(courier, addressVersion),
      assetVersion: request.assetVersion,
      addressVersion,
    };
    const address: TapAddress = {
      ...toAddress(encodeTapAddress(this.network, content), this.network),
      seq: effect.nextSeq(),
      holder,
      createdAt: this.core.nowSeconds(),
    };
    effect.put("addresses", address.encoded, address);
    effect.commit();
    return address;
  }

  /** What an address says, whoever made it. Throws tapd's texts. */
  decode(encoded: string): TapAddress {
    return this.find(encoded) ?? toAddress(encoded, this.network);
  }

  find(encoded: string): TapAddress | undefined {
    return this.core.state.addresses.get(encoded);
  }

  /** Our own, oldest first. */
  list(): readonly TapAddress[] {
    return [...this.core.state.addresses.values()].filter(({ holder }) => holder === "local");
  }

  #courierOf({ courierAddr, isCourierCheckSkipped }: NewAddress): string {
    const courier = courierAddr === "" ? this.core.state.currentSettings.courierAddr : courierAddr;
    if (courier === "") throw new TapdError("no proof courier address provided");
    if (!/^(?:hashmail|universerpc|authmailbox\+universerpc):\/\/[^/:]+:\d+$/.test(courier)) {
      throw new TapdError(
        `invalid proof courier address: unknown courier address protocol (consider updating tapd): ${courier}`,
      );
    }
    const isChecked = !isCourierCheckSkipped && courier.includes("universerpc");
    if (isChecked && this.core.faults.isCourierDown()) {
      throw new TapdError(
        `connection check failed for universe server RPC proof courier: unable to test connection proof courier '${courier}': rpc error: code = Unavailable desc = connection refused`,
      );
    }
    return courier;
  }

  /** The outside tapd knows every asset. */
  #genesisFor(request: NewAddress, holder: TapAddress["holder"]): TapAddressGenesis {
    const { state } = this.core;
    const anchor = request.assetId === "" ? state.groups.get(request.groupKey)?.anchorAssetId : request.assetId;
    const genesis = holder === "outside" ? state.genesis.get(anchor ?? "") : this.wallet.findKnownBySpecifier(request);
    if (genesis === undefined) throw new TapdError("unable to find asset or group: asset group is unknown");
    return genesis;
  }
}

type TapAddressGenesis = NonNullable<ReturnType<AssetWallet["findKnown"]>>;

/** V2 addresses need the mailbox courier; tapd upgrades a universe one and refuses hashmail. */
function courierFor(courier: string, addressVersion: number): string {
  if (addressVersion < 2 || courier.startsWith("authmailbox+")) return courier;
  if (courier.startsWith("universerpc://")) return `authmailbox+${courier}`;
  throw new TapdError(
    `address: invalid proof courier address: address version ${addressVersion} must use the 'authmailbox+universerpc' proof courier type`,
  );
}

/** An address as read from its text; whose it is nobody knows yet. */
function toAddress(encoded: string, network: string): TapAddress {
  const content = decodeTapAddress(network, encoded);
  return {
    ...content,
    encoded,
    seq: 0,
    holder: "outside",
    assetType: content.isCollectible ? "collectible" : "normal",
    taprootOutputKey: taprootOutputKeyOf(content),
    createdAt: 0,
  };
}
