import { AppError } from "@arkrelay/core/errors";
import type { ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";

/** Keys arkd must show. Undefined = the first seen is pinned for the life of the process (development). */
export interface PinnedArkKeys {
  readonly signerPubkey: string | undefined;
  readonly forfeitPubkey: string | undefined;
}

/** arkd's parameters as last read. One read at a time, whoever asks. */
export class ServerInfoCache {
  private known: { readonly info: ArkServerInfo; readonly readAtMs: number } | undefined;
  private reading: Promise<ArkServerInfo> | undefined;
  private pinned: PinnedArkKeys;

  constructor(
    private readonly read: () => Promise<ArkServerInfo>,
    pinned: PinnedArkKeys,
  ) {
    this.pinned = pinned;
  }

  async current(maxAgeMs: number): Promise<ArkServerInfo> {
    const { known } = this;
    // A monotonic clock: a step of the system time must not make an old answer young.
    if (known !== undefined && performance.now() - known.readAtMs < maxAgeMs) return known.info;
    return this.refresh();
  }

  /** After arkd refused `old`: a read that was under way already may still bring the old answer, so that one is not taken. */
  async renew(old: ArkServerInfo): Promise<ArkServerInfo> {
    const renewed = await this.refresh();
    return renewed.digest === old.digest ? this.refresh() : renewed;
  }

  private refresh(): Promise<ArkServerInfo> {
    this.reading ??= this.readOnce().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /**
   * Writes stop while arkd shows other keys than the pinned ones: whoever holds those could take what is sent.
   * Throws `daemon_unavailable`, so queued work waits for the operator's decision.
   */
  checkPins(info: ArkServerInfo): void {
    const isSigner = info.signerPubkey === this.pinned.signerPubkey;
    if (isSigner && info.forfeitPubkey === this.pinned.forfeitPubkey) return;
    throw new AppError("daemon_unavailable", {
      details: { service: "arkd", reason: "key_changed" },
      internal: `arkd shows ${isSigner ? "another forfeit" : "another signer"} key than the pinned one`,
      retryAfterSeconds: 60,
    });
  }

  private async readOnce(): Promise<ArkServerInfo> {
    const info = await this.read();
    this.known = { info, readAtMs: performance.now() };
    this.pinned = {
      signerPubkey: this.pinned.signerPubkey ?? info.signerPubkey,
      forfeitPubkey: this.pinned.forfeitPubkey ?? info.forfeitPubkey,
    };
    return info;
  }
}

/** Whether a transfer built under `before` is the same transfer under `after`. */
export function isSameForTransfers(before: ArkServerInfo, after: ArkServerInfo): boolean {
  return (
    before.signerPubkey === after.signerPubkey &&
    before.checkpointTapscript === after.checkpointTapscript &&
    before.unilateralExitDelay === after.unilateralExitDelay &&
    before.dustSats === after.dustSats
  );
}
