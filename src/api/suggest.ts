/**
 * The known name that `name` was probably meant to be, or undefined when none is close. Case does not count, and the order
 * of `known` decides nothing.
 */
export function closest(name: string, known: readonly string[]): string | undefined {
  const limit = Math.min(3, Math.floor(name.length / 3));
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of known) {
    if (Math.abs(word.length - name.length) > limit) continue;
    const distance = editDistance(name.toLowerCase(), word.toLowerCase());
    if (distance > limit || (best && distance > best.distance)) continue;
    if (!best || distance < best.distance || word < best.word) best = { word, distance };
  }
  return best?.word;
}

/** Levenshtein distance where swapping two neighbours counts once. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, before[j - 2]! + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
