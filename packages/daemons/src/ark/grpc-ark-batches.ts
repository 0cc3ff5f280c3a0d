import { AppError } from "@arkrelay/core/errors";
import type { ArkBatches, ArkBatchEvent, ArkBatchInfo, TreeSubmission } from "@arkrelay/core/ports/ark-batches";
import type { ArkIntentProof, ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";

import type {
  EstimateIntentFeeResponse,
  GetEventStreamResponse,
  GetInfoResponse,
  RegisterIntentResponse,
} from "../gen/ark/v1/service";
import type { OpenStream } from "../server-stream";
import type { StartCall } from "../unary-call";
import type { ArkClients } from "./ark-clients";
import { isIntentUnknown } from "./ark-errors";
import { toBatchEvent } from "./to-batch-event";

/** The connection to arkd, as its other calls use it. */
export interface ArkCalls {
  /** Throws `daemon_unavailable` while arkd shows other keys than the pinned ones. */
  pinnedInfo(): Promise<ArkServerInfo>;
  read<Reply>(method: string, start: StartCall<ArkClients, Reply>): Promise<Reply>;
  write<Reply>(method: string, start: StartCall<ArkClients, Reply>): Promise<Reply>;
  stream<Message>(
    method: string,
    open: OpenStream<ArkClients, Message>,
    signal: AbortSignal,
  ): AsyncGenerator<Message, void>;
}

/** arkd's batches over the connection of its other calls. See the port for what each method promises and throws. */
export class GrpcArkBatches implements ArkBatches {
  constructor(private readonly arkd: ArkCalls) {}

  async getBatchInfo(): Promise<ArkBatchInfo> {
    const info = await this.arkd.read<GetInfoResponse>("GetInfo", ({ ark }, ...rest) => ark.getInfo({}, ...rest));
    // Not the key of this answer: whoever may sweep the tree must be who was pinned.
    const { forfeitPubkey } = await this.arkd.pinnedInfo();
    return {
      forfeitPubkey,
      forfeitAddress: info.forfeitAddress,
      sessionDurationMs: Number(info.sessionDuration) * 1000,
    };
  }

  async estimateIntentFee(intent: ArkIntentProof): Promise<bigint> {
    const { fee } = await this.arkd.read<EstimateIntentFeeResponse>("EstimateIntentFee", ({ ark }, ...rest) =>
      ark.estimateIntentFee({ intent: { ...intent } }, ...rest),
    );
    return fee;
  }

  async registerIntent(intent: ArkIntentProof): Promise<string> {
    const { intentId } = await this.arkd.write<RegisterIntentResponse>("RegisterIntent", ({ ark }, ...rest) =>
      ark.registerIntent({ intent: { ...intent } }, ...rest),
    );
    return intentId;
  }

  async deleteIntent(intent: ArkIntentProof): Promise<boolean> {
    try {
      await this.arkd.write("DeleteIntent", ({ ark }, ...rest) => ark.deleteIntent({ intent: { ...intent } }, ...rest));
      return true;
    } catch (error) {
      if (isIntentUnknown(error)) return false;
      throw error;
    }
  }

  async confirmRegistration(intentId: string): Promise<void> {
    await this.arkd.write("ConfirmRegistration", ({ ark }, ...rest) => ark.confirmRegistration({ intentId }, ...rest));
  }

  async submitTreeNonces({ batchId, pubkey, values }: TreeSubmission): Promise<void> {
    const request = { batchId, pubkey, treeNonces: { ...values } };
    await this.arkd.write("SubmitTreeNonces", ({ ark }, ...rest) => ark.submitTreeNonces(request, ...rest));
  }

  async submitTreeSignatures({ batchId, pubkey, values }: TreeSubmission): Promise<void> {
    const request = { batchId, pubkey, treeSignatures: { ...values } };
    await this.arkd.write("SubmitTreeSignatures", ({ ark }, ...rest) => ark.submitTreeSignatures(request, ...rest));
  }

  async submitForfeitTxs(psbts: readonly string[]): Promise<void> {
    const request = { signedForfeitTxs: [...psbts], signedCommitmentTx: "" };
    await this.arkd.write("SubmitSignedForfeitTxs", ({ ark }, ...rest) => ark.submitSignedForfeitTxs(request, ...rest));
  }

  async openEvents(
    topics: readonly string[],
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<AsyncIterable<ArkBatchEvent>> {
    const stream = this.arkd.stream<GetEventStreamResponse>(
      "GetEventStream",
      ({ ark }, ...rest) => ark.getEventStream({ topics: [...topics] }, ...rest),
      AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    );
    const first = await stream.next();
    if (first.done === true) throw new AppError("daemon_unavailable", { details: { service: "arkd" } });
    return eventsOf(first.value, stream);
  }
}

/** What arkd says first is that the stream is there; an older one begins with whatever happens. */
async function* eventsOf(
  first: GetEventStreamResponse,
  rest: AsyncGenerator<GetEventStreamResponse, void>,
): AsyncGenerator<ArkBatchEvent, void> {
  const known = toBatchEvent(first);
  if (known !== undefined) yield known;
  for await (const message of rest) {
    const event = toBatchEvent(message);
    if (event !== undefined) yield event;
  }
}
