// SPDX-License-Identifier: Apache-2.0
// Scripts as browsers get them, small: node common/minify.mjs <folder> <script>... An indent of a template is kept: only its writer
// knows what it means. A file is written whole or not at all.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { minify } from 'terser';

const [folder, ...files] = process.argv.slice(2);
const options = { module: true, ecma: 2022, compress: { passes: 2 }, mangle: true, format: { comments: false } };

await mkdir(folder, { recursive: true });
await Promise.all(
  files.map(async (file) => {
    const { code } = await minify({ [file]: await readFile(file, 'utf8') }, options);
    const to = path.join(folder, path.basename(file));
    await writeFile(`${to}.new`, code);
    await rename(`${to}.new`, to);
  }),
);
