/** Emits dist/: what `npm pack` ships. The sources run as they are; a package's may not (no type stripping under node_modules). */
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const project = join(root, 'node_modules', '.build.tsconfig.json');
writeFileSync(
  project,
  JSON.stringify({
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      allowImportingTsExtensions: false,
      rewriteRelativeImportExtensions: true,
      rootDir: join(root, 'src'),
      outDir: join(root, 'dist'),
      typeRoots: [join(root, 'node_modules', '@types')],
      types: ['node'],
      declaration: true,
    },
    include: [join(root, 'src')],
    exclude: [],
  }),
);
try {
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', project], { stdio: 'inherit' });
} finally {
  rmSync(project);
}
chmodSync(join(root, 'dist', 'bin.cjs'), 0o755);
