/** A port number as an annotation has it; undefined where it is none. */
export function parsePort(text: string): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
