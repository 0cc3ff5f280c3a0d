import { DaemonRefusal } from "./call-failure";

export interface OpenedStream<Message> {
  /** Not read yet. */
  readonly messages: AsyncGenerator<Message, void>;
  /** Fires when our own side ends the stream. */
  readonly ending: AbortSignal;
}

export interface StreamBeginning<Message> {
  /** All messages, the first one too; throws what the stream throws. */
  readonly messages: AsyncGenerator<Message, void>;
  /** Whether the daemon has said anything: a message, a clean end or a refusal. */
  readonly isAnswer: boolean;
}

/**
 * Waits for the first that a stream brings, at most `quietMs` (undefined = the stream has a deadline that does it). Throws the
 * TransportFailure or CertificateFailure of a stream that brought nothing else, unless our own side has ended it.
 */
export async function awaitBeginning<Message>(
  { messages, ending }: OpenedStream<Message>,
  quietMs: number | undefined,
): Promise<StreamBeginning<Message>> {
  const first = messages.next();
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<false>((resolve) => {
    if (quietMs !== undefined) timer = setTimeout(resolve, quietMs, false);
  });
  try {
    const isAnswer = await Promise.race([hasAnswered(first, ending), quiet]);
    return { messages: startingWith(first, messages), isAnswer };
  } finally {
    clearTimeout(timer);
  }
}

async function hasAnswered(first: Promise<unknown>, ending: AbortSignal): Promise<boolean> {
  try {
    await first;
  } catch (thrown) {
    if (ending.aborted) return false;
    // Who refuses is there; the reader of the messages is told.
    if (!(thrown instanceof DaemonRefusal)) throw thrown;
  }
  return true;
}

async function* startingWith<Message>(
  first: Promise<IteratorResult<Message, void>>,
  rest: AsyncGenerator<Message, void>,
): AsyncGenerator<Message, void> {
  try {
    for (let next = await first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return();
  }
}
