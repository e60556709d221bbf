import { defineConfig } from 'vite';

export default defineConfig({
  resolve: { conditions: ['@graylane/source', 'module', 'browser'] },
  // Inlined files would be data: URLs, which the policy of the server refuses.
  build: { outDir: 'dist/site', target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
