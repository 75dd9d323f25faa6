import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A folder that is updated as the kubelet updates ConfigMaps and tokens: the files are links through `..data`, which is replaced by
 * one rename.
 */
export function projectedFolder(folder: string, files: Readonly<Record<string, string>>): (next: typeof files) => void {
  let version = 0;
  const write = (contents: typeof files): void => {
    const data = `..version-${++version}`;
    mkdirSync(join(folder, data), { recursive: true });
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, data, name), text);
    symlinkSync(data, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    if (version > 1) rmSync(join(folder, `..version-${version - 1}`), { recursive: true });
  };
  write(files);
  for (const name of Object.keys(files)) symlinkSync(join("..data", name), join(folder, name));
  return write;
}
