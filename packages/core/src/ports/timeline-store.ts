/** Where something was seen or done. */
export type TimelineSource = "http" | "job" | "daemon" | "nostr" | "webhook" | "ledger";

export interface TimelineEntry {
  readonly at: Date;
  readonly source: TimelineSource;
  /** One short sentence in our words. */
  readonly what: string;
  /** Id of the thing it is about. */
  readonly ref: string;
  readonly durationMs: number | undefined;
  /** How it went: a status, an error code, or what somebody answered. */
  readonly outcome: string | undefined;
}

/** Everything that hangs together with one id; all lists are bounded. */
export interface TimelineAnchors {
  /** Ids by which rows name each other: the one that was asked for, and those found by it. */
  readonly names: readonly string[];
  readonly sessionRowIds: readonly bigint[];
  readonly jobRowIds: readonly bigint[];
  readonly payoutIds: readonly bigint[];
  /** Object keys of webhooks. */
  readonly objectKeys: readonly string[];
}

/** What is not over yet, as far as it says why it waits. */
export interface OpenWork {
  readonly sessions: readonly OpenSession[];
  readonly payments: readonly OpenPayment[];
  readonly payouts: readonly OpenPayout[];
  readonly jobs: readonly OpenJob[];
  readonly undelivered: readonly Undelivered[];
}

/** When work is due, and whether a worker has it. */
interface Due {
  /** undefined = nothing is to be done until something happens. */
  readonly nextAt: Date | undefined;
  readonly leaseUntil: Date | undefined;
}

export interface OpenSession extends Due {
  readonly sessionId: string;
  readonly status: string;
  readonly ceremonyState: string;
  readonly isPrepared: boolean;
  readonly expiresAt: Date | undefined;
  readonly challenge: { readonly challengeId: string; readonly stage: string; readonly expiresAt: Date } | undefined;
}

export interface OpenPayment extends Due {
  readonly operationId: string;
  readonly type: "lift" | "land";
  readonly status: string;
  readonly expiresAt: Date;
  readonly unknownSince: Date | undefined;
  readonly lastError: string | undefined;
}

export interface OpenPayout extends Due {
  readonly key: string;
  readonly status: string;
}

export interface OpenJob extends Due {
  readonly jobId: string;
  readonly status: string;
  readonly attempts: number;
  readonly errorCode: string | undefined;
  readonly message: string | undefined;
}

export interface Undelivered {
  readonly eventId: string;
  readonly relay: string;
  readonly status: string;
  readonly lastError: string | undefined;
}

/** Reads of an operator who asks why something is stuck: a fixed number of bounded queries, whatever the id. */
export interface TimelineStore {
  /** undefined = nobody has ever seen this id. */
  findAnchors(id: string): Promise<TimelineAnchors | undefined>;
  /** Oldest first, at most `limit` of each source. */
  listEntries(anchors: TimelineAnchors, limit: number): Promise<readonly TimelineEntry[]>;
  readOpenWork(anchors: TimelineAnchors): Promise<OpenWork>;
}
