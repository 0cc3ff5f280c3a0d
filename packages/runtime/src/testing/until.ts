/** Far above what anything takes; a loaded machine is no failure. */
const WAIT_MS_MAX = 15_000;
const LOOK_MS = 5;

/** Resolves as soon as the condition holds. It is about rows of a database, which tell nobody when they change, so it is looked at again and again. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
