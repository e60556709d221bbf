// Brings the clients of Unleash and LaunchDarkly into .graylane/compared, for the examples of
// docs/compare.
import { makeNpmFolder } from './npm-folder.js';

makeNpmFolder('compared', {
  '@launchdarkly/node-server-sdk': '^9.10.0',
  '@launchdarkly/openfeature-node-server': '^1.1.0',
  'unleash-client': '^6.6.0',
});
