#!/usr/bin/env node
import { createRequire } from 'node:module';

// The bundle is CommonJS, which Node would read twice if it were imported.
const { main } = createRequire(import.meta.url)('../dist/cjs/main.js');

await main(process.argv.slice(2), process.env);
