/** Whether a thrown thing is a system error with this code. Not by `instanceof`: test runners have an Error of their own. */
export function hasErrorCode(thrown: unknown, code: string): boolean {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && thrown.code === code;
}
