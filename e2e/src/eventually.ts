/** Repeats a look until it passes, and fails with its last complaint. For states that follow a known event shortly. */
export async function eventually<T>(look: () => Promise<T>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

const LOOK_INTERVAL_MS = 100;
