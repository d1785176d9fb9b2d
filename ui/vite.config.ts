/** How the page is built: into dist/ui, or, with `--mode page`, into dist/page with the engine beside it. */
import { defineConfig } from 'vite';

export default defineConfig(({ mode }) => ({
  // Addresses are relative, so that the page works in any folder of any server.
  base: './',
  publicDir: false,
  build: {
    outDir: mode === 'page' ? '../dist/page' : '../dist/ui',
    emptyOutDir: true,
    assetsDir: 'page',
    // Inlined files would be data: addresses, which the Content-Security-Policy does not allow for scripts and fetches.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: 'es' as const },
  define: { __BROWSER_ENGINE__: JSON.stringify(mode === 'page') },
  logLevel: 'warn' as const,
}));
