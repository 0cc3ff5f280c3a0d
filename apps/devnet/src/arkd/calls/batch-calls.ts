import type {
  ConfirmRegistrationRequest,
  ConfirmRegistrationResponse,
  DeleteIntentRequest,
  DeleteIntentResponse,
  EstimateIntentFeeRequest,
  EstimateIntentFeeResponse,
  GetEventStreamRequest,
  GetEventStreamResponse,
  RegisterIntentRequest,
  RegisterIntentResponse,
  SubmitSignedForfeitTxsRequest,
  SubmitSignedForfeitTxsResponse,
  SubmitTreeNoncesRequest,
  SubmitTreeNoncesResponse,
  SubmitTreeSignaturesRequest,
  SubmitTreeSignaturesResponse,
  UpdateStreamTopicsRequest,
  UpdateStreamTopicsResponse,
} from "@arkrelay/daemons/proto/ark/v1/service";
import type { Intent } from "@arkrelay/daemons/proto/ark/v1/types";

import type { ArkdEngine } from "../engine/arkd-engine";
import { PlainStatusError } from "../engine/arkd-error";
import type { StreamRpc, UnaryRpc } from "./rpc";

/** The calls of ArkService that take part in batches. */
export interface BatchCalls {
  readonly registerIntent: UnaryRpc<RegisterIntentRequest, RegisterIntentResponse>;
  readonly estimateIntentFee: UnaryRpc<EstimateIntentFeeRequest, EstimateIntentFeeResponse>;
  readonly deleteIntent: UnaryRpc<DeleteIntentRequest, DeleteIntentResponse>;
  readonly confirmRegistration: UnaryRpc<ConfirmRegistrationRequest, ConfirmRegistrationResponse>;
  readonly submitTreeNonces: UnaryRpc<SubmitTreeNoncesRequest, SubmitTreeNoncesResponse>;
  readonly submitTreeSignatures: UnaryRpc<SubmitTreeSignaturesRequest, SubmitTreeSignaturesResponse>;
  readonly submitSignedForfeitTxs: UnaryRpc<SubmitSignedForfeitTxsRequest, SubmitSignedForfeitTxsResponse>;
  readonly updateStreamTopics: UnaryRpc<UpdateStreamTopicsRequest, UpdateStreamTopicsResponse>;
  readonly getEventStream: StreamRpc<GetEventStreamRequest, GetEventStreamResponse>;
}

export function batchCalls({ batches, batchStreams }: ArkdEngine): BatchCalls {
  return {
    registerIntent: {
      name: "RegisterIntent",
      run: ({ intent }) => {
        const { proof, message } = required(intent);
        return { intentId: batches.register(proof, message) };
      },
    },
    estimateIntentFee: {
      name: "EstimateIntentFee",
      run: ({ intent }) => {
        const { proof, message } = required(intent);
        return { fee: batches.estimate(proof, message) };
      },
    },
    deleteIntent: {
      name: "DeleteIntent",
      run: ({ intent }) => {
        const { proof, message } = required(intent);
        batches.delete(proof, message);
        return {};
      },
    },
    confirmRegistration: {
      name: "ConfirmRegistration",
      run: ({ intentId }) => {
        batches.confirm(intentId);
        return {};
      },
    },
    submitTreeNonces: {
      name: "SubmitTreeNonces",
      run: ({ batchId, pubkey, treeNonces }) => {
        batches.batch(batchId).submitNonces(pubkey, treeNonces);
        return {};
      },
    },
    submitTreeSignatures: {
      name: "SubmitTreeSignatures",
      run: ({ batchId, pubkey, treeSignatures }) => {
        batches.batch(batchId).submitSignatures(pubkey, treeSignatures);
        return {};
      },
    },
    submitSignedForfeitTxs: {
      name: "SubmitSignedForfeitTxs",
      run: ({ signedForfeitTxs }) => {
        batches.current().submitForfeits(signedForfeitTxs);
        return {};
      },
    },
    updateStreamTopics: {
      name: "UpdateStreamTopics",
      run: ({ streamId, topicsChange }) => {
        if (topicsChange?.$case === "overwrite")
          batchStreams.changeTopics(streamId, { all: topicsChange.value.topics });
        else if (topicsChange !== undefined) {
          const { addTopics, removeTopics } = topicsChange.value;
          batchStreams.changeTopics(streamId, { add: addTopics, remove: removeTopics });
        }
        return {};
      },
    },
    getEventStream: {
      name: "GetEventStream",
      heartbeat: { event: { $case: "heartbeat", value: {} } },
      open: ({ topics }, sink) => batchStreams.open(topics, sink),
    },
  };
}

function required(intent: Intent | undefined): Intent {
  if (intent === undefined) throw new PlainStatusError("INVALID_ARGUMENT", "missing intent");
  return intent;
}
