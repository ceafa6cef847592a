import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** What each of the last two builds wrote. */
interface Builds {
  now: string[];
  before: string[];
}

/**
 * Keeps the assets of the build before. A page that was opened before an upgrade asks for a script of
 * its own build when a desk is first opened; their names hold a digest, so the two never collide.
 */
function keepBuildBefore(): Plugin {
  return {
    name: 'keep-build-before',
    writeBundle({ dir = '' }, bundle) {
      const list = join(dir, '.builds.json');
      const assets = (names: string[]) => names.filter((name) => name.startsWith('assets/')).sort();
      const now = assets(Object.keys(bundle));
      const known: Builds = existsSync(list)
        ? (JSON.parse(readFileSync(list, 'utf8')) as Builds)
        : { now: assets(existsSync(dir) ? readdirSync(dir, { recursive: true }).map(String) : []), before: [] };
      const before = String(known.now) === String(now) ? known.before : known.now;
      const kept = new Set([...now, ...before]);
      for (const name of assets(readdirSync(dir, { recursive: true }).map(String)))
        if (!kept.has(name)) rmSync(join(dir, name));
      writeFileSync(list, JSON.stringify({ now, before } satisfies Builds));
    },
  };
}

export default defineConfig({
  plugins: [keepBuildBefore()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2022',
    // The page's rules forbid inline scripts and data from elsewhere.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
});
