import type { AddressBook } from "./address-book";
import { metaHashOf } from "./asset-id";
import type { ChainPorter } from "./chain-porter";
import { groupSeedlings } from "./group-seedlings";
import { putMinted } from "./minter";
import { type Recipient, recipientOf } from "./put-transfer";
import type { Piece, Seedling, TapAddress, Transfer } from "./rows";
import type { TapdCore } from "./tapd-core";
import { TapdError } from "./tapd-error";

/** The tapd of somebody else: it mints, receives from us and pays us, through the same chain and courier. */
export class OutsideTapd {
  constructor(
    private readonly core: TapdCore,
    private readonly porter: ChainPorter,
    private readonly addresses: AddressBook,
  ) {}

  /** Confirmed at once: its chain of blocks is nobody's concern here. */
  mint(request: {
    readonly name: string;
    readonly amount: bigint;
    readonly isGrouped: boolean;
    readonly decimalDisplay: number;
  }): string {
    const effect = this.core.begin();
    const seedling: Seedling = {
      name: request.name,
      assetType: "normal",
      assetVersion: 0,
      metaData: "",
      metaType: 0,
      metaHash: metaHashOf("", 0, request.decimalDisplay),
      amount: request.amount,
      decimalDisplay: request.decimalDisplay,
      isNewGroup: request.isGrouped,
      groupKey: "",
      groupAnchor: "",
      scriptKey: effect.nextScriptKey(),
    };
    const genesisPoint = `${effect.nextHash()}:0`;
    const groups = groupSeedlings(this.core.state, effect, { seedlings: [seedling], genesisPoint }, "outside");
    const assetId = putMinted(effect, {
      seedling,
      groupKey: groups.get(seedling.name)?.groupKey ?? "",
      genesisPoint,
      outpoint: `${effect.nextHash()}:0`,
      internalKey: effect.nextPubkey(),
      holder: "outside",
      height: this.core.lnd.height,
      confirmedAt: this.core.nowSeconds(),
    });
    effect.commit();
    return assetId;
  }

  newAddress(assetId: string, amount: bigint): TapAddress {
    return this.addresses.create(
      {
        assetId,
        groupKey: "",
        amount,
        courierAddr: "",
        assetVersion: 0,
        addressVersion: undefined,
        isCourierCheckSkipped: true,
      },
      "outside",
    );
  }

  /** Pays one of our addresses. */
  pay(encoded: string, amount: bigint): Transfer {
    const address = this.addresses.find(encoded);
    if (address?.holder !== "local") throw new TapdError("address: no address found");
    return this.#send(recipientOf(address, amount === 0n ? address.amount : amount), address);
  }

  /** An interactive transfer to a script key: no courier, the receiver imports the proof by hand. */
  payScriptKey(assetId: string, amount: bigint, scriptKey: string): Transfer {
    const effect = this.core.begin();
    const key = effect.nextPubkey();
    effect.commit();
    const recipient: Recipient = {
      amount,
      holder: "local",
      scriptKey,
      scriptKeyType: "bip86",
      internalKey: key,
      outputKey: key.slice(2),
      tapAddr: "",
      courierAddr: "",
    };
    return this.#send(recipient, { assetId, groupKey: "" });
  }

  /** The piece an outside transfer made for this key, whose proof file goes to its receiver. */
  findPiece(outpoint: string, scriptKey: string): Piece | undefined {
    return [...this.core.state.pieces.values()].find(
      (piece) => piece.outpoint === outpoint && piece.scriptKey === scriptKey,
    );
  }

  #send(recipient: Recipient, of: { readonly assetId: string; readonly groupKey: string }): Transfer {
    return this.porter.send({
      sender: "outside",
      specifier: of.groupKey === "" ? { assetId: of.assetId, groupKey: "" } : { assetId: "", groupKey: of.groupKey },
      recipients: [recipient],
      label: "outside",
      feeRateSatPerKw: 0,
    });
  }
}
