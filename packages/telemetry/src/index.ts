export { managementServer, type ManagementOptions, type ManagementServer } from './management/index.ts';
