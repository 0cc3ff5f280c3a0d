import { z } from "zod";

import type { SqlHandle } from "../sql-handle";
import { DrizzleServerInfoStore } from "./server-info-store";

/** bigint as JSON text. */
const amount = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

const channel = z.object({
  channelPoint: z.string(),
  chanId: amount,
  remotePubkey: z.string(),
  isActive: z.boolean(),
  isPrivate: z.boolean(),
  isInitiator: z.boolean(),
  capacitySats: amount,
  localSats: amount,
  remoteSats: amount,
  commitFeeSats: amount,
  unsettledSats: amount,
  localReserveSats: amount,
  memo: z.string(),
  pendingHtlcs: z.array(
    z.object({
      isIncoming: z.boolean(),
      amountSats: amount,
      paymentHash: z.string(),
      expirationHeight: z.number(),
      isForwarded: z.boolean(),
    }),
  ),
});

const pendingChannel = z.object({
  channelPoint: z.string(),
  remotePubkey: z.string(),
  capacitySats: amount,
  localSats: amount,
  commitFeeSats: amount,
  memo: z.string(),
});
const closingChannel = pendingChannel.extend({ limboSats: amount, closingTxid: z.string() });

/** What operators read from daemons, under the name of its row; the codec is the schema. */
const ANSWERS = {
  "lnd:balances": z.object({
    lightning: z.object({
      localMsat: amount,
      remoteMsat: amount,
      unsettledLocalMsat: amount,
      unsettledRemoteMsat: amount,
      pendingOpenLocalMsat: amount,
      pendingOpenRemoteMsat: amount,
    }),
    onchain: z.object({
      totalSats: amount,
      confirmedSats: amount,
      unconfirmedSats: amount,
      lockedSats: amount,
      reservedAnchorSats: amount,
    }),
  }),
  "lnd:channels": z.array(channel),
  "lnd:pending": z.object({
    limboSats: amount,
    opening: z.array(pendingChannel),
    waitingClose: z.array(closingChannel.extend({ way: z.enum(["force", "cooperative", "unknown"]) })),
    forceClosing: z.array(closingChannel.extend({ blocksTilMaturity: z.number() })),
  }),
  "tapd:balances": z.array(
    z.object({
      assetId: z.string(),
      balanceUnits: amount,
      utxoCount: z.number(),
      channelUnits: amount,
      unconfirmedUnits: amount,
      leasedUnits: amount,
    }),
  ),
};

export type DaemonAnswerName = keyof typeof ANSWERS;
export type DaemonAnswer<Name extends DaemonAnswerName> = z.output<(typeof ANSWERS)[Name]>;

export interface SeenAnswer<Name extends DaemonAnswerName> {
  readonly value: DaemonAnswer<Name>;
  readonly seenAt: Date;
}

/** The last answers of daemons to operators' reads, as any process heard them: what is shown while a daemon is away. */
export class DrizzleDaemonAnswerStore {
  private readonly infos: DrizzleServerInfoStore;

  constructor(database: SqlHandle) {
    this.infos = new DrizzleServerInfoStore(database);
  }

  /** The two ends of one answer. */
  of<Name extends DaemonAnswerName>(name: Name) {
    return {
      find: () => this.find(name),
      save: (value: DeepReadonly<DaemonAnswer<Name>>) => this.save(name, value),
    };
  }

  /** undefined until it was answered once. */
  async find<Name extends DaemonAnswerName>(name: Name): Promise<SeenAnswer<Name> | undefined> {
    const row = await this.infos.find(name);
    // Another release may have saved another shape; then nothing is known, as before the first answer.
    const parsed = row === undefined ? undefined : ANSWERS[name].safeParse(row.info);
    if (row === undefined || parsed?.success !== true) return undefined;
    return { value: parsed.data as DaemonAnswer<Name>, seenAt: row.seenAt };
  }

  async save<Name extends DaemonAnswerName>(name: Name, value: DeepReadonly<DaemonAnswer<Name>>): Promise<void> {
    const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? each.toString() : each));
    await this.infos.save(name, "", JSON.parse(text), {});
  }
}

/** Ports give what nobody may change. */
type DeepReadonly<T> = T extends bigint | string | number | boolean
  ? T
  : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };
