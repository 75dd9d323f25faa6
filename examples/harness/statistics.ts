/** Whether `hits` of `total` fits a probability of `p`, within three standard deviations of a binomial count. */
export function fitsShare(hits: number, total: number, p: number): boolean {
  const sigma = Math.sqrt(total * p * (1 - p));
  return Math.abs(hits - total * p) <= 3 * sigma;
}

/** The value below which a share `q` of the sorted-by-size values lie; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
