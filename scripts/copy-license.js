// The `prepack` script of each published package: a tarball contains the licence of the repository.
import { copyFileSync } from 'node:fs';

copyFileSync('../../LICENSE', 'LICENSE');
