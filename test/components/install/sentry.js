// Brings Sentry's SDK into .graylane/sentry, with undici and the API of OpenTelemetry beside it:
// what a service of Sentry's users has.
import { makeNpmFolder } from './npm-folder.js';

makeNpmFolder('sentry', {
  '@opentelemetry/api': '^1.9.1',
  '@sentry/node': '^11.12.0',
  undici: '^7.30.2',
});
