import type { GetSubscriptionResponse } from "@arkrelay/daemons/proto/ark/v1/indexer";

import { SeededRandom } from "../../clock/seeded-random";
import { ArkdEvents } from "../engine/arkd-events";
import type { Sink } from "./rpc";
import { Subscriptions } from "./subscriptions";

const SCRIPT = `5120${"ab".repeat(32)}`;

function aSink(): Sink<GetSubscriptionResponse> & { close(): void; ended: number } {
  const listeners: (() => void)[] = [];
  const sink = {
    ended: 0,
    send: () => undefined,
    event: () => undefined,
    end: () => {
      sink.ended += 1;
    },
    onClose: (listener: () => void) => void listeners.push(listener),
    close: () => {
      for (const listener of listeners) listener();
    },
  };
  return sink;
}

describe("Subscriptions", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const open = () => new Subscriptions(new ArkdEvents(), new SeededRandom("test"));

  it("forget a subscription nobody reads for 60 s", () => {
    const subscriptions = open();
    const id = subscriptions.subscribe([SCRIPT], "");
    jest.advanceTimersByTime(59_999);
    expect(subscriptions.subscribe([SCRIPT], id)).toBe(id);
    jest.advanceTimersByTime(1);
    expect(() => subscriptions.subscribe([SCRIPT], id)).toThrow("SUBSCRIPTION_NOT_FOUND (50)");
  });

  it("keep one that is read, and give it 60 s after its stream is gone", () => {
    const subscriptions = open();
    const id = subscriptions.subscribe([SCRIPT], "");
    const sink = aSink();
    subscriptions.attach(id, sink);
    jest.advanceTimersByTime(600_000);
    sink.close();
    jest.advanceTimersByTime(59_999);
    expect(subscriptions.subscribe([], id)).toBe(id);
    jest.advanceTimersByTime(1);
    expect(() => subscriptions.subscribe([], id)).toThrow("SUBSCRIPTION_NOT_FOUND (50)");
  });

  it("end the displaced stream, whose late close does not touch its successor", () => {
    const subscriptions = open();
    const id = subscriptions.subscribe([SCRIPT], "");
    const [first, second] = [aSink(), aSink()];
    subscriptions.attach(id, first);
    subscriptions.attach(id, second);
    first.close();
    jest.advanceTimersByTime(600_000);
    expect([first.ended, second.ended, subscriptions.subscribe([], id)]).toEqual([1, 0, id]);
  });
});
