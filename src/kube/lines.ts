/**
 * The lines of a stream, without their ends. What follows the last line end is no line: it was cut off.
 *
 * @throws Error when a line is longer than `limit` bytes, or with what broke the stream
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, end));
      yield Buffer.concat(rest).toString();
      rest = [];
      size = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > limit) throw new Error(`a line is longer than ${limit} bytes`);
    }
  }
  if (size > 0) throw new Error("the stream ended within a line");
}
