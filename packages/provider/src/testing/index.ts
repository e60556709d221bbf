export { TestProvider, type TestFlags, type TestProviderOptions } from './test-provider.ts';
export { inLane } from './in-lane.ts';
