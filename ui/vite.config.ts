/** How the page is built: into dist/ui, or, with `--mode page`, into dist/page with the engine beside it. */
import { defineConfig, type Plugin } from 'vite';

/** What a server says in a header, the page without a server says itself: nothing inline, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

const withPolicy: Plugin = {
  name: 'content-security-policy',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
  ],
};

export default defineConfig(({ mode }) => ({
  // Addresses are relative, so that the page works in any folder of any server.
  base: './',
  publicDir: false,
  plugins: mode === 'page' ? [withPolicy] : [],
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
