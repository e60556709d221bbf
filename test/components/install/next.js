// Brings Next.js into .graylane/next, with the dependencies of our packages beside it: an
// application of Next.js without its pages, which a test adds.
import { makeNpmFolder } from './npm-folder.js';

makeNpmFolder('next', {
  '@openfeature/core': '^1.12.0',
  '@openfeature/server-sdk': '^1.23.0',
  '@opentelemetry/api': '^1.9.1',
  'eventsource-parser': '^3.1.1',
  next: '^16.4.6',
  react: '^19.0.0',
  'react-dom': '^19.0.0',
});
