/** Enough to recognise an id one knows, not enough to use it. */
export function shorten(id: string): string {
  return `${id.slice(0, 8)}...`;
}
